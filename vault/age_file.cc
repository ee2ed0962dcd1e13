#include "vault/age_file.h"

#include "events/encoding.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace phantom {
namespace {

constexpr std::string_view kVersionLine = "age-encryption.org/v1\n";
constexpr std::string_view kArmourLine = "-----BEGIN AGE ENCRYPTED FILE-----";
constexpr std::string_view kScryptLabel = "age-encryption.org/v1/scrypt";
constexpr std::string_view kMacMark = "---";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kFileKeyBytes = 16;
constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::size_t kSealBytes = crypto_aead_chacha20poly1305_ietf_ABYTES;
constexpr std::size_t kBodyBytes = kFileKeyBytes + kSealBytes;
constexpr std::size_t kHeaderBytesMax = 4'096;

using StreamNonce = std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

std::string base64_unpadded(ByteView bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::optional<Bytes> from_base64_unpadded(std::string_view text) {
  if (text.find('=') != std::string_view::npos) return std::nullopt;
  std::string padded(text);
  while (padded.size() % 4 != 0) padded += '=';
  return from_base64(padded);
}

// HMAC-SHA256 of the parts one after the other.
SecretBytes hmac(ByteView key, std::initializer_list<ByteView> parts) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  for (const ByteView part : parts) {
    if (!part.empty()) crypto_auth_hmacsha256_update(&state, part.data(), part.size());
  }
  SecretBytes out = SecretBytes::zeros(crypto_auth_hmacsha256_BYTES);
  crypto_auth_hmacsha256_final(&state, out.writable().data());
  sodium_memzero(&state, sizeof state);
  return out;
}

// RFC 5869 with SHA-256 and one block of output.
SecretBytes hkdf(const SecretBytes& secret, ByteView salt, std::string_view info) {
  // HMAC pads its key with zeros, so that no salt and 32 zero bytes are the same.
  constexpr std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> kNoSalt{};
  const SecretBytes extracted = hmac(salt.empty() ? ByteView(kNoSalt) : salt, {secret.view()});
  const std::uint8_t counter = 1;
  return hmac(extracted.view(), {as_bytes(info), ByteView(&counter, 1)});
}

Result<SecretBytes> scrypt_key(const SecretBytes& passphrase, ByteView salt, unsigned log_n) {
  Bytes labelled = to_bytes(kScryptLabel);
  labelled.insert(labelled.end(), salt.begin(), salt.end());
  SecretBytes key = SecretBytes::zeros(crypto_aead_chacha20poly1305_ietf_KEYBYTES);
  if (crypto_pwhash_scryptsalsa208sha256_ll(
          passphrase.view().data(), passphrase.size(), labelled.data(), labelled.size(),
          std::uint64_t{1} << log_n, 8, 1, key.writable().data(), key.size()) != 0) {
    return Error{Code::kLimit, "not enough memory to make a key of the passphrase",
                 "it takes " + std::to_string((std::uint64_t{1} << log_n) / 1024) + " MiB"};
  }
  return key;
}

// The text of the header up to and with "---", which is what the MAC covers.
std::string header_text(ByteView salt, unsigned log_n, ByteView body) {
  std::string text(kVersionLine);
  text += "-> scrypt " + base64_unpadded(salt) + " " + std::to_string(log_n) + "\n";
  text += base64_unpadded(body) + "\n";
  return text += kMacMark;
}

SecretBytes header_mac(const SecretBytes& file_key, std::string_view header) {
  return hmac(hkdf(file_key, {}, "header").view(), {as_bytes(header)});
}

StreamNonce stream_nonce(std::uint64_t piece, bool is_last) {
  StreamNonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[10 - i] = static_cast<std::uint8_t>(piece >> (8 * i));
  nonce[11] = is_last ? 1 : 0;
  return nonce;
}

Error not_age() { return {Code::kInvalid, "this is no file of age-encryption.org/v1"}; }
Error damaged() { return {Code::kCorrupt, "the age file is damaged", "take another copy of it"}; }

struct Header {
  Bytes salt;
  unsigned log_n = 0;
  Bytes body;
  std::string_view covered;  // by the MAC
  Bytes mac;
  std::size_t size = 0;
};

std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

// "-> scrypt SALT LOG_N"
Status read_stanza(std::string_view line, Header& header) {
  if (!line.starts_with("-> ")) return damaged();
  line.remove_prefix(3);
  const std::string_view type = line.substr(0, line.find(' '));
  if (type != "scrypt") {
    return Error{Code::kUnsupported, "the age file is sealed to a key, not to a passphrase",
                 "open it with 'age -d -i KEY' and seal it again with 'age -p'"};
  }
  line.remove_prefix(std::min(type.size() + 1, line.size()));
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return damaged();
  auto salt = from_base64_unpadded(line.substr(0, blank));
  const std::string_view cost = line.substr(blank + 1);
  const auto log_n = parse_decimal(cost);
  if (!salt || salt->size() != kSaltBytes || !log_n || *log_n == 0) return damaged();
  if (*log_n > kAgeLogNMax) {
    return Error{Code::kUnsupported,
                 "opening the age file would take more work than is allowed (2^" +
                     std::string(cost.substr(0, 10)) + ")",
                 "seal it again with 'age -p'"};
  }
  header.salt = std::move(*salt);
  header.log_n = static_cast<unsigned>(*log_n);
  return {};
}

Result<Header> read_header(std::string_view file) {
  if (file.starts_with(kArmourLine)) {
    return Error{Code::kInvalid, "the age file is in armour (text form)",
                 "seal it again without -a, or take the armour off with age itself"};
  }
  if (!file.starts_with(kVersionLine)) return not_age();
  const std::string_view start = file.substr(0, kHeaderBytesMax);
  std::string_view rest = start.substr(kVersionLine.size());
  Header header;
  const auto stanza = take_line(rest);
  if (!stanza) return damaged();
  PH_TRY(read_stanza(*stanza, header));
  const auto body = take_line(rest);
  const std::string_view mac_place = rest;
  const auto last = take_line(rest);
  if (!body || !last) return damaged();
  // The format allows no other recipient beside a passphrase.
  if (!last->starts_with("--- ")) return damaged();
  auto body_bytes = from_base64_unpadded(*body);
  auto mac = from_base64_unpadded(last->substr(kMacMark.size() + 1));
  if (!body_bytes || body_bytes->size() != kBodyBytes || !mac) return damaged();
  if (mac->size() != crypto_auth_hmacsha256_BYTES) return damaged();
  header.body = std::move(*body_bytes);
  header.mac = std::move(*mac);
  header.covered = start.substr(0, start.size() - mac_place.size() + kMacMark.size());
  header.size = start.size() - rest.size();
  return header;
}

}  // namespace

Result<Bytes> seal_age_file(const SecretBytes& plain, const SecretBytes& passphrase, unsigned log_n,
                            Random& random) {
  if (passphrase.empty()) return Error{Code::kInvalid, "the passphrase is empty"};
  if (log_n == 0 || log_n > kAgeLogNMax) {
    return Error{Code::kInvalid, "the cost is 1 to " + std::to_string(kAgeLogNMax)};
  }
  if (plain.size() > kAgePlainBytesMax) {
    return Error{Code::kLimit, "more than " + std::to_string(kAgePlainBytesMax) + " bytes to seal"};
  }
  std::array<std::uint8_t, kSaltBytes> salt{};
  std::array<std::uint8_t, kNonceBytes> nonce{};
  SecretBytes file_key = SecretBytes::zeros(kFileKeyBytes);
  random.fill(salt);
  random.fill(nonce);
  random.fill(file_key.writable());

  PH_ASSIGN(const SecretBytes wrap, scrypt_key(passphrase, salt, log_n));
  std::array<std::uint8_t, kBodyBytes> body{};
  const StreamNonce zero{};
  crypto_aead_chacha20poly1305_ietf_encrypt(body.data(), nullptr, file_key.view().data(),
                                            file_key.size(), nullptr, 0, nullptr, zero.data(),
                                            wrap.view().data());
  const std::string header = header_text(salt, log_n, body);
  const std::string start =
      header + " " + base64_unpadded(header_mac(file_key, header).view()) + "\n";

  Bytes file = to_bytes(start);
  file.insert(file.end(), nonce.begin(), nonce.end());
  const SecretBytes payload_key = hkdf(file_key, nonce, "payload");
  std::size_t done = 0;
  for (std::uint64_t piece = 0;; ++piece) {
    const std::size_t size = std::min(kPieceBytes, plain.size() - done);
    const bool is_last = done + size == plain.size();
    const std::size_t place = file.size();
    file.resize(place + size + kSealBytes);
    const StreamNonce piece_nonce = stream_nonce(piece, is_last);
    crypto_aead_chacha20poly1305_ietf_encrypt(&file[place], nullptr, plain.view().data() + done,
                                              size, nullptr, 0, nullptr, piece_nonce.data(),
                                              payload_key.view().data());
    done += size;
    if (is_last) return file;
  }
}

Result<SecretBytes> open_age_file(ByteView file, const SecretBytes& passphrase) {
  if (file.size() > kAgeFileBytesMax) {
    return Error{Code::kLimit,
                 "the file has more than " + std::to_string(kAgeFileBytesMax) + " bytes"};
  }
  PH_ASSIGN(const Header header, read_header(as_text(file)));
  PH_ASSIGN(const SecretBytes wrap, scrypt_key(passphrase, header.salt, header.log_n));
  SecretBytes file_key = SecretBytes::zeros(kFileKeyBytes);
  const StreamNonce zero{};
  if (crypto_aead_chacha20poly1305_ietf_decrypt(file_key.writable().data(), nullptr, nullptr,
                                                header.body.data(), header.body.size(), nullptr, 0,
                                                zero.data(), wrap.view().data()) != 0) {
    return Error{Code::kDenied, "wrong passphrase for the age file", "try again"};
  }
  if (!header_mac(file_key, header.covered).equals(header.mac)) return damaged();

  ByteView rest = file.subspan(header.size);
  if (rest.size() < kNonceBytes + kSealBytes) return damaged();
  const SecretBytes payload_key = hkdf(file_key, rest.first(kNonceBytes), "payload");
  rest = rest.subspan(kNonceBytes);
  SecretBytes plain = SecretBytes::zeros(rest.size());
  std::size_t done = 0;
  for (std::uint64_t piece = 0;; ++piece) {
    const std::size_t size = std::min(kPieceBytes + kSealBytes, rest.size());
    const bool is_last = size == rest.size();
    // An empty piece may only be the whole of an empty payload.
    if (size < kSealBytes || (size == kSealBytes && piece > 0)) return damaged();
    const StreamNonce nonce = stream_nonce(piece, is_last);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(plain.writable().data() + done, nullptr, nullptr,
                                                  rest.data(), size, nullptr, 0, nonce.data(),
                                                  payload_key.view().data()) != 0) {
      return damaged();
    }
    done += size - kSealBytes;
    rest = rest.subspan(size);
    if (is_last) break;
  }
  plain.shrink(done);
  return plain;
}

}  // namespace phantom
