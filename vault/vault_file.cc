#include "vault/vault_file.h"

#include "events/check.h"
#include "events/encoding.h"
#include "vault/dotenv.h"
#include "vault/placeholder.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace phantom {
namespace {

constexpr std::string_view kMagic = "PHMVAULT";
constexpr std::size_t kMacSize = 32;
constexpr std::size_t kProjectBytesMax = 64;
constexpr std::size_t kTagSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr char kKdfContext[crypto_kdf_CONTEXTBYTES + 1] = "phmvault";
constexpr std::string_view kKeyFileLabel = "phantom vault key file v1";
constexpr std::string_view kWrapLabel = "phantom vault data key v1";
constexpr std::string_view kValueLabel = "phantom vault value v1";

static_assert(crypto_kdf_KEYBYTES == kPassphraseKeyBytes);
static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == sizeof(VaultRecord::key_nonce));
static_assert(sizeof(VaultRecord::wrapped_key) == kVaultKeyBytes + kTagSize);

void put_text(Bytes& out, std::string_view text) {
  put_be16(out, static_cast<std::uint16_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

template <std::size_t N>
void put_array(Bytes& out, const std::array<std::uint8_t, N>& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// What a sealed part belongs to. Every field has a fixed size or a length in front, so no two
// different records have the same bytes.
Bytes binding(std::string_view label, const std::string& project, const VaultRecord& record) {
  Bytes out;
  put_text(out, label);
  put_text(out, project);
  put_text(out, record.name);
  put_be64(out, record.version);
  put_text(out, record.placeholder);
  return out;
}

Bytes mac_of(ByteView bytes, const VaultKeys& keys) {
  Bytes mac(kMacSize);
  PH_CHECK(crypto_generichash(mac.data(), mac.size(), bytes.data(), bytes.size(),
                              keys.mac.view().data(), keys.mac.size()) == 0,
           "BLAKE2b refused its sizes");
  return mac;
}

// Reads from the front; a read past the end makes everything after it empty and `good` false.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : rest_(bytes) {}

  ByteView take(std::size_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const ByteView out = rest_.first(size);
    rest_ = rest_.subspan(size);
    return out;
  }
  std::uint8_t u8() {
    const ByteView bytes = take(1);
    return bytes.empty() ? std::uint8_t{0} : bytes[0];
  }
  std::uint16_t u16() { return good_and(take(2)) ? get_be16(last_) : std::uint16_t{0}; }
  std::uint32_t u32() { return good_and(take(4)) ? get_be32(last_) : 0; }
  std::uint64_t u64() { return good_and(take(8)) ? get_be64(last_) : 0; }
  std::string text(std::size_t size_max) {
    const std::size_t size = u16();
    if (size > size_max) {
      good_ = false;
      return {};
    }
    return std::string(as_text(take(size)));
  }
  template <std::size_t N>
  void array(std::array<std::uint8_t, N>& out) {
    const ByteView bytes = take(N);
    if (bytes.size() == N) std::copy(bytes.begin(), bytes.end(), out.begin());
  }
  bool good() const { return good_; }
  std::size_t left() const { return rest_.size(); }

 private:
  bool good_and(ByteView bytes) {
    last_ = bytes;
    return good_;
  }
  ByteView rest_;
  ByteView last_;
  bool good_ = true;
};

Error damaged(const char* what) {
  return {Code::kCorrupt, std::string("not a sound vault file: ") + what,
          "restore the vault file that belongs to this ledger from a backup"};
}

Status check_record_shape(const VaultRecord& record) {
  if (!is_valid_key(record.name)) {
    return Error{Code::kInvalid, "a secret's name must be a variable name of at most " +
                                     std::to_string(kKeyBytesMax) + " characters"};
  }
  if (!is_placeholder(record.placeholder)) {
    return Error{Code::kInvalid, record.name + " has no valid placeholder"};
  }
  if (record.version == 0) return Error{Code::kInvalid, record.name + " has no version"};
  if (record.sealed_value.size() < kTagSize ||
      record.sealed_value.size() > kSecretValueBytesMax + kTagSize) {
    return Error{Code::kLimit, "the value of " + record.name + " is larger than " +
                                   std::to_string(kSecretValueBytesMax) + " bytes"};
  }
  return {};
}

Status check_image(const VaultImage& image) {
  const VaultHeader& header = image.header;
  if (!is_valid_project(header.project)) {
    return Error{Code::kInvalid, "a project id is 1 to 64 of a-z, 0-9 and '-'"};
  }
  if (header.version == 0) return Error{Code::kInvalid, "a vault's version starts at 1"};
  if (header.method == UnlockMethod::kPassphrase) PH_TRY(check_kdf_cost(header.kdf));
  if (image.records.size() > kVaultSecretsMax) {
    return Error{Code::kLimit,
                 "a vault holds at most " + std::to_string(kVaultSecretsMax) + " secrets"};
  }
  for (std::size_t i = 0; i < image.records.size(); ++i) {
    PH_TRY(check_record_shape(image.records[i]));
    if (i > 0 && !(image.records[i - 1].name < image.records[i].name)) {
      return Error{Code::kInvalid, "the secrets of a vault are not in order"};
    }
  }
  return {};
}

Result<SecretBytes> subkey(const SecretBytes& root, std::uint64_t number) {
  SecretBytes key = SecretBytes::zeros(kVaultKeyBytes);
  if (crypto_kdf_derive_from_key(key.writable().data(), key.size(), number, kKdfContext,
                                 root.view().data()) != 0) {
    return Error{Code::kInternal, "key separation failed"};
  }
  return key;
}

Result<SecretBytes> root_key(const VaultHeader& header, const SecretBytes& input) {
  SecretBytes root = SecretBytes::zeros(crypto_kdf_KEYBYTES);
  if (header.method == UnlockMethod::kKeyFile) {
    if (input.size() != kVaultKeyBytes) return Error{Code::kInvalid, "a vault key has 32 bytes"};
    Bytes message = to_bytes(kKeyFileLabel);
    put_array(message, header.salt);
    PH_CHECK(crypto_generichash(root.writable().data(), root.size(), message.data(), message.size(),
                                input.view().data(), input.size()) == 0,
             "BLAKE2b refused its sizes");
    return root;
  }
  return derive_passphrase_key(input, header.kdf, header.salt);
}

}  // namespace

bool is_valid_project(std::string_view project) {
  return !project.empty() && project.size() <= kProjectBytesMax &&
         std::all_of(project.begin(), project.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Result<VaultKeys> derive_vault_keys(const VaultHeader& header, const SecretBytes& input) {
  PH_ASSIGN(const SecretBytes root, root_key(header, input));
  VaultKeys keys;
  PH_ASSIGN(keys.wrap, subkey(root, 1));
  PH_ASSIGN(keys.mac, subkey(root, 2));
  PH_ASSIGN(const SecretBytes check, subkey(root, 3));
  std::copy_n(check.view().begin(), keys.check.size(), keys.check.begin());
  return keys;
}

bool check_vault_key(const VaultHeader& header, const VaultKeys& keys) {
  return sodium_memcmp(header.key_check.data(), keys.check.data(), keys.check.size()) == 0;
}

Result<Bytes> encode_vault(const VaultImage& image, const VaultKeys& keys) {
  PH_TRY(check_image(image));
  const VaultHeader& header = image.header;
  Bytes out = to_bytes(kMagic);
  put_be16(out, kVaultFormat);
  out.push_back(static_cast<std::uint8_t>(header.method));
  out.push_back(0);
  put_be64(out, header.version);
  const bool passphrase = header.method == UnlockMethod::kPassphrase;
  put_be32(out, passphrase ? header.kdf.passes : 0);
  put_be32(out, passphrase ? header.kdf.memory_kib : 0);
  put_array(out, header.salt);
  put_array(out, header.key_check);
  put_text(out, header.project);
  put_be32(out, static_cast<std::uint32_t>(image.records.size()));
  for (const VaultRecord& record : image.records) {
    put_text(out, record.name);
    put_be64(out, record.version);
    put_be64(out, static_cast<std::uint64_t>(record.created_ns));
    put_be64(out, static_cast<std::uint64_t>(record.changed_ns));
    put_text(out, record.placeholder);
    put_array(out, record.key_nonce);
    put_array(out, record.wrapped_key);
    put_array(out, record.value_nonce);
    put_be32(out, static_cast<std::uint32_t>(record.sealed_value.size()));
    out.insert(out.end(), record.sealed_value.begin(), record.sealed_value.end());
  }
  const Bytes mac = mac_of(out, keys);
  out.insert(out.end(), mac.begin(), mac.end());
  if (out.size() > kVaultBytesMax) {
    return Error{Code::kLimit,
                 "the vault would be larger than " + std::to_string(kVaultBytesMax) + " bytes"};
  }
  return out;
}

Result<VaultImage> parse_vault(ByteView file) {
  if (file.size() > kVaultBytesMax) return damaged("it is too large");
  if (file.size() < kMagic.size() + kMacSize || as_text(file.first(kMagic.size())) != kMagic) {
    return damaged("it does not start as one");
  }
  Cursor in(file.subspan(kMagic.size(), file.size() - kMagic.size() - kMacSize));
  const std::uint16_t format = in.u16();
  if (in.good() && format > kVaultFormat) {
    return Error{Code::kUnsupported,
                 "the vault has format " + std::to_string(format) + "; this program reads " +
                     std::to_string(kVaultFormat),
                 "use the newer phantom that wrote it"};
  }
  VaultImage image;
  const std::uint8_t method = in.u8();
  const std::uint8_t reserved = in.u8();
  if (format != kVaultFormat || method < 1 || method > 2 || reserved != 0) {
    return damaged("its header has unknown values");
  }
  VaultHeader& header = image.header;
  header.method = static_cast<UnlockMethod>(method);
  header.version = in.u64();
  header.kdf.passes = in.u32();
  header.kdf.memory_kib = in.u32();
  in.array(header.salt);
  in.array(header.key_check);
  header.project = in.text(kProjectBytesMax);
  if (header.method == UnlockMethod::kKeyFile &&
      (header.kdf.passes != 0 || header.kdf.memory_kib != 0)) {
    return damaged("a key-file vault has no Argon2id cost");
  }
  const std::uint32_t count = in.u32();
  if (!in.good() || count > kVaultSecretsMax)
    return damaged("its header is cut short or out of bounds");
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    VaultRecord record;
    record.name = in.text(kKeyBytesMax);
    record.version = in.u64();
    record.created_ns = static_cast<std::int64_t>(in.u64());
    record.changed_ns = static_cast<std::int64_t>(in.u64());
    record.placeholder = in.text(kPlaceholderSize);
    in.array(record.key_nonce);
    in.array(record.wrapped_key);
    in.array(record.value_nonce);
    const std::uint32_t size = in.u32();
    if (size > kSecretValueBytesMax + kTagSize) return damaged("a record is out of bounds");
    record.sealed_value = to_bytes(in.take(size));
    image.records.push_back(std::move(record));
  }
  if (!in.good()) return damaged("a record is cut short");
  if (in.left() != 0) return damaged("bytes are left over");
  if (!check_image(image).ok()) return damaged("a record or the header has values no vault has");
  return image;
}

Status authenticate_vault(ByteView file, const VaultKeys& keys) {
  if (file.size() < kMacSize) return damaged("it is cut short");
  const Bytes mac = mac_of(file.first(file.size() - kMacSize), keys);
  if (sodium_memcmp(mac.data(), file.last(kMacSize).data(), kMacSize) != 0) {
    return damaged("its authentication code is wrong");
  }
  return {};
}

Status seal_record(const std::string& project, const SecretBytes& value, const VaultKeys& keys,
                   Random& random, VaultRecord& record) {
  if (value.size() > kSecretValueBytesMax) {
    return Error{Code::kLimit, "the value of " + record.name + " is larger than " +
                                   std::to_string(kSecretValueBytesMax) + " bytes"};
  }
  SecretBytes data_key = SecretBytes::zeros(kVaultKeyBytes);
  random.fill(data_key.writable());
  random.fill(record.key_nonce);
  random.fill(record.value_nonce);
  const Bytes key_binding = binding(kWrapLabel, project, record);
  const Bytes value_binding = binding(kValueLabel, project, record);
  unsigned long long size = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      record.wrapped_key.data(), &size, data_key.view().data(), data_key.size(), key_binding.data(),
      key_binding.size(), nullptr, record.key_nonce.data(), keys.wrap.view().data());
  PH_CHECK(size == record.wrapped_key.size(), "wrapped key of a wrong size");
  record.sealed_value.resize(value.size() + kTagSize);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      record.sealed_value.data(), &size, value.view().data(), value.size(), value_binding.data(),
      value_binding.size(), nullptr, record.value_nonce.data(), data_key.view().data());
  PH_CHECK(size == record.sealed_value.size(), "sealed value of a wrong size");
  return check_record_shape(record);
}

Result<SecretBytes> open_record(const std::string& project, const VaultRecord& record,
                                const VaultKeys& keys) {
  const auto wrong = [&] {
    return Error{Code::kCorrupt,
                 "the sealed value of " + record.name + " does not belong to this vault"};
  };
  if (record.sealed_value.size() < kTagSize) return wrong();
  SecretBytes data_key = SecretBytes::zeros(kVaultKeyBytes);
  const Bytes key_binding = binding(kWrapLabel, project, record);
  const Bytes value_binding = binding(kValueLabel, project, record);
  unsigned long long size = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          data_key.writable().data(), &size, nullptr, record.wrapped_key.data(),
          record.wrapped_key.size(), key_binding.data(), key_binding.size(),
          record.key_nonce.data(), keys.wrap.view().data()) != 0) {
    return wrong();
  }
  SecretBytes value = SecretBytes::zeros(record.sealed_value.size() - kTagSize);
  // An empty value has no memory of its own; the library still wants an address.
  std::uint8_t nothing = 0;
  std::uint8_t* out = value.empty() ? &nothing : value.writable().data();
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, &size, nullptr, record.sealed_value.data(),
                                                 record.sealed_value.size(), value_binding.data(),
                                                 value_binding.size(), record.value_nonce.data(),
                                                 data_key.view().data()) != 0) {
    return wrong();
  }
  return value;
}

}  // namespace phantom
