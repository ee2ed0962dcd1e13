#include "ledger/key_text.h"

#include "events/encoding.h"
#include "events/sha256.h"

#include <sodium.h>

#include <algorithm>

namespace phantom {
namespace {

constexpr std::string_view kPrivate = "PRIVATE+KEY+";
constexpr std::size_t kSeedBytes = crypto_sign_SEEDBYTES;
// Of type byte and seed, with the terminating zero that libsodium writes.
constexpr std::size_t kBase64Bytes =
    sodium_base64_ENCODED_LEN(1 + kSeedBytes, sodium_base64_VARIANT_ORIGINAL);

std::string id_text(std::uint32_t id) {
  Bytes number;
  put_be32(number, id);
  return to_hex(number);
}

void write_base64(SecretBytes& out, std::size_t at, const SecretBytes& typed) {
  sodium_bin2base64(reinterpret_cast<char*>(out.writable().data() + at), kBase64Bytes,
                    typed.view().data(), typed.size(), sodium_base64_VARIANT_ORIGINAL);
}

}  // namespace

std::uint32_t key_id(std::string_view name, KeyType type, const PublicKey& key) {
  const std::uint8_t separator[] = {'\n', static_cast<std::uint8_t>(type)};
  return get_be32(sha256({as_bytes(name), separator, key}));
}

std::string format_public_key(KeyType type, const PublicKeyText& key) {
  Bytes typed{static_cast<std::uint8_t>(type)};
  typed.insert(typed.end(), key.key.begin(), key.key.end());
  return key.name + "+" + id_text(key.id) + "+" + to_base64(typed);
}

Result<PublicKeyText> parse_public_key(KeyType type, std::string_view text) {
  const auto bad = [](const char* why) { return Error{Code::kInvalid, why}; };
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return bad("a verifier key has the form name+hash+key");
  PublicKeyText parsed;
  parsed.name = text.substr(0, first);
  if (!is_key_name(parsed.name)) return bad("the verifier key has no valid name");
  const auto id = from_hex(text.substr(first + 1, second - first - 1));
  const auto typed = from_base64(text.substr(second + 1));
  if (!id || id->size() != 4 || !typed || typed->empty()) {
    return bad("the verifier key is not name+hash+key");
  }
  if (typed->front() != static_cast<std::uint8_t>(type) || typed->size() != 1 + parsed.key.size()) {
    return bad(type == KeyType::kNote ? "the verifier key is not an Ed25519 key"
                                      : "the verifier key is not an Ed25519 key of a witness");
  }
  std::copy(typed->begin() + 1, typed->end(), parsed.key.begin());
  parsed.id = get_be32(*id);
  if (parsed.id != key_id(parsed.name, type, parsed.key)) {
    return bad("the verifier key's hash does not belong to its name and key");
  }
  return parsed;
}

SecretBytes format_private_key(KeyType type, const std::string& name, std::uint32_t id,
                               ByteView seed) {
  PH_CHECK(seed.size() == kSeedBytes, "seed of a signing key");
  const std::string head = std::string(kPrivate) + name + "+" + id_text(id) + "+";
  SecretBytes typed = SecretBytes::zeros(1 + kSeedBytes);
  typed.writable()[0] = static_cast<std::uint8_t>(type);
  std::copy(seed.begin(), seed.end(), typed.writable().begin() + 1);
  SecretBytes line = SecretBytes::zeros(head.size() + kBase64Bytes);
  std::copy(head.begin(), head.end(), line.writable().begin());
  write_base64(line, head.size(), typed);
  line.shrink(line.size() - 1);  // the terminating zero
  return line;
}

Result<PrivateKeyText> parse_private_key(KeyType type, std::string_view line) {
  const auto bad = [](const char* why) { return Error{Code::kInvalid, why}; };
  if (!line.starts_with(kPrivate)) return bad("not a key file");
  line.remove_prefix(kPrivate.size());
  const std::size_t name_end = line.find('+');
  const std::size_t id_end =
      name_end == std::string_view::npos ? name_end : line.find('+', name_end + 1);
  if (id_end == std::string_view::npos) return bad("not a key file");
  PrivateKeyText parsed;
  parsed.name = line.substr(0, name_end);
  parsed.id = line.substr(name_end + 1, id_end - name_end - 1);
  if (!is_key_name(parsed.name)) return bad("its key has no valid name");
  const std::string_view base64 = line.substr(id_end + 1);
  SecretBytes typed = SecretBytes::zeros(1 + kSeedBytes);
  SecretBytes again = SecretBytes::zeros(kBase64Bytes);
  std::size_t length = 0;
  if (base64.size() + 1 != kBase64Bytes ||
      sodium_base642bin(typed.writable().data(), typed.size(), base64.data(), base64.size(),
                        nullptr, &length, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      length != typed.size() || typed.view()[0] != static_cast<std::uint8_t>(type)) {
    return bad("unknown kind of key");
  }
  // One text for one key.
  write_base64(again, 0, typed);
  if (again.text().substr(0, kBase64Bytes - 1) != base64) return bad("unknown kind of key");
  parsed.seed = SecretBytes::copy_of(typed.view().subspan(1));
  return parsed;
}

}  // namespace phantom
