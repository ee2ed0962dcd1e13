#include "tests/support/vault_secret_samples.h"

#include "events/encoding.h"
#include "tests/support/seeded_random.h"

#include <algorithm>

namespace phantom {
namespace {

std::string base64url(std::string_view text) {
  std::string out = to_base64(as_bytes(text));
  std::erase(out, '=');
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

}  // namespace

std::string random_text(char alphabet, std::size_t size, std::uint64_t seed) {
  // Letters and digits of it only: marks at an end would be taken for what stands around a value.
  std::string all;
  for (int c = 0x21; c < 0x7f; ++c) {
    const char each = static_cast<char>(c);
    if (in_alphabet(each, alphabet) && in_alphabet(each, 'a')) all += each;
  }
  SeededRandom random(seed);
  std::string text;
  while (text.size() < size) {
    const char next = all[random.below(all.size())];
    // No runs, which examples have.
    if (!text.empty() && text.back() == next) continue;
    text += next;
  }
  return text;
}

std::string with_crc62(std::string value) {
  const std::string_view covered = std::string_view(value).substr(value.size() - 36, 30);
  std::uint32_t remainder = 0xffffffffU;
  for (const char c : covered) {
    for (int bit = 0; bit < 8; ++bit) {
      const std::uint32_t in = (static_cast<unsigned char>(c) >> bit) & 1U;
      const bool odd = ((remainder ^ in) & 1U) != 0;
      remainder >>= 1;
      if (odd) remainder ^= 0xedb88320U;
    }
  }
  std::uint64_t crc = remainder ^ 0xffffffffU;
  const std::string digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (std::size_t i = value.size(); i > value.size() - 6; --i) {
    value[i - 1] = digits[crc % 62];
    crc /= 62;
  }
  return value;
}

std::string random_jwt(std::string_view claims, std::uint64_t seed) {
  return base64url("{\"alg\":\"HS256\",\"typ\":\"JWT\"}") + "." + base64url(claims) + "." +
         random_text('a', 43, seed);
}

std::string random_pem(std::string_view kind, std::uint64_t seed) {
  std::string text = "-----BEGIN " + std::string(kind) + "-----\n";
  for (std::uint64_t line = 0; line < 6; ++line) text += random_text('a', 64, seed + line) + "\n";
  return text + "-----END " + std::string(kind) + "-----\n";
}

SecretSample sample_of(const SecretRule& rule, std::uint64_t seed) {
  const SecretShape shape(rule.shape);
  SecretSample sample;
  std::uint64_t number = seed * 1'000;
  for (const SecretShape::Part& part : shape.parts()) {
    ++number;
    if (part.texts.empty()) {
      const std::size_t size = part.min + (part.max - part.min) / 3;
      sample.value += random_text(part.alphabet, std::max<std::size_t>(size, 1), number);
    } else {
      sample.value += part.texts[seed % part.texts.size()];
    }
  }
  switch (rule.check) {
    case SecretCheck::kCrc62:
      sample.value = with_crc62(sample.value);
      break;
    case SecretCheck::kJwt:
      sample.value = random_jwt("{\"sub\":\"user-" + std::to_string(seed) + "\"}", number);
      break;
    case SecretCheck::kPem:
      if (rule.id == "putty-private-key") {
        sample.line = sample.value + "ssh-rsa\nEncryption: none\nComment: key\nPrivate-Lines: 2\n" +
                      random_text('a', 64, number) + "\n" + random_text('a', 64, number + 1) +
                      "\nPrivate-MAC: 0\n";
      } else {
        const std::string kind = sample.value.substr(11, sample.value.size() - 16);
        sample.line = random_pem(kind, number);
      }
      sample.value = sample.line;
      return sample;
    case SecretCheck::kUrl:
      sample.line =
          "url: " + sample.value + "app:" + random_text('a', 18, number) + "@db.acme.io/x";
      sample.value = random_text('a', 18, number);
      return sample;
    case SecretCheck::kConnection:
      sample.value = random_text('a', 18, number);
      sample.line = "\"Server=db.acme.io;User Id=app;Password=" + sample.value + ";\"";
      return sample;
    case SecretCheck::kDiscord:
      sample.value = base64url("7" + random_text('d', 17, number)) + "." +
                     random_text('a', 6, number + 1) + "." + random_text('a', 27, number + 2);
      sample.value[0] = sample.value[0];
      break;
    case SecretCheck::kRandom:
      sample.value = random_text('a', 32, number);
      break;
    case SecretCheck::kNone:
      break;
  }
  std::string name = "setting";
  if (!rule.near.empty()) {
    name = rule.near.substr(0, rule.near.find('|'));
    name += "_api_key";
  }
  sample.line = name + " = \"" + sample.value + "\"";
  return sample;
}

}  // namespace phantom
