#include "vault/vault_file.h"

#include "events/check.h"
#include "events/encoding.h"
#include "vault/placeholder.h"
#include "vault/secret_name.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace phantom {
namespace {

constexpr std::string_view kMagic = "PHMVAULT";
constexpr std::size_t kMacSize = 32;
constexpr std::size_t kProjectBytesMax = 64;

void put_text(Bytes& out, std::string_view text) {
  put_be16(out, static_cast<std::uint16_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

void put_time(Bytes& out, std::int64_t ns) { put_be64(out, static_cast<std::uint64_t>(ns)); }

template <std::size_t N>
void put_array(Bytes& out, const std::array<std::uint8_t, N>& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_value(Bytes& out, const SealedValue& value) {
  put_array(out, value.key_nonce);
  put_array(out, value.wrapped_key);
  put_array(out, value.value_nonce);
  put_be32(out, static_cast<std::uint32_t>(value.sealed.size()));
  out.insert(out.end(), value.sealed.begin(), value.sealed.end());
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
      fail();
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
  std::int64_t time() { return static_cast<std::int64_t>(u64()); }
  std::string text(std::size_t size_max) {
    const std::size_t size = u16();
    if (size > size_max) {
      fail();
      return {};
    }
    return std::string(as_text(take(size)));
  }
  template <std::size_t N>
  void array(std::array<std::uint8_t, N>& out) {
    const ByteView bytes = take(N);
    if (bytes.size() == N) std::copy(bytes.begin(), bytes.end(), out.begin());
  }
  void fail() {
    good_ = false;
    rest_ = {};
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

SealedValue read_value(Cursor& in) {
  SealedValue value;
  in.array(value.key_nonce);
  in.array(value.wrapped_key);
  in.array(value.value_nonce);
  const std::uint32_t size = in.u32();
  if (size > kSecretValueBytesMax + kSealTagBytes) in.fail();
  value.sealed = to_bytes(in.take(size));
  return value;
}

VaultRecord read_record(Cursor& in, std::uint16_t format) {
  VaultRecord record;
  record.name = in.text(kSecretNameBytesMax);
  record.version = in.u64();
  record.created_ns = in.time();
  record.changed_ns = in.time();
  if (format > 1) record.expires_ns = in.time();
  record.placeholder = in.text(kPlaceholderSize);
  if (format > 1) record.former_placeholder = in.text(kPlaceholderSize);
  record.value = read_value(in);
  const std::size_t older = format > 1 ? in.u8() : 0;
  if (older > kOlderVersionsMax) in.fail();
  for (std::size_t i = 0; i < older && in.good(); ++i) {
    OlderVersion version;
    version.version = in.u64();
    version.changed_ns = in.time();
    version.expires_ns = in.time();
    version.placeholder = in.text(kPlaceholderSize);
    version.value = read_value(in);
    record.older.push_back(std::move(version));
  }
  return record;
}

Status check_value(const std::string& name, const SealedValue& value) {
  if (value.sealed.size() >= kSealTagBytes &&
      value.sealed.size() <= kSecretValueBytesMax + kSealTagBytes) {
    return {};
  }
  return Error{Code::kLimit, "the value of " + name + " is larger than " +
                                 std::to_string(kSecretValueBytesMax) + " bytes"};
}

Status check_record_shape(const VaultRecord& record) {
  if (!is_valid_secret_name(record.name)) {
    return Error{Code::kInvalid, "a secret's name must be a variable name of at most " +
                                     std::to_string(kSecretNameBytesMax) + " characters"};
  }
  if (!is_placeholder(record.placeholder) ||
      (!record.former_placeholder.empty() && !is_placeholder(record.former_placeholder))) {
    return Error{Code::kInvalid, record.name + " has no valid placeholder"};
  }
  if (record.version == 0) return Error{Code::kInvalid, record.name + " has no version"};
  if (record.expires_ns < 0) return Error{Code::kInvalid, record.name + " ends before 1970"};
  PH_TRY(check_value(record.name, record.value));
  if (record.older.size() > kOlderVersionsMax) {
    return Error{Code::kInvalid, record.name + " has too many older versions"};
  }
  std::uint64_t newer = record.version;
  for (const OlderVersion& older : record.older) {
    if (older.version == 0 || older.version >= newer || older.expires_ns < 0 ||
        !is_placeholder(older.placeholder)) {
      return Error{Code::kInvalid, record.name + " has older versions no secret has"};
    }
    newer = older.version;
    PH_TRY(check_value(record.name, older.value));
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

}  // namespace

bool is_valid_project(std::string_view project) {
  return !project.empty() && project.size() <= kProjectBytesMax &&
         std::all_of(project.begin(), project.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Result<VaultKeys> derive_vault_keys(const VaultHeader& header, const SecretBytes& input) {
  PH_ASSIGN(const SecretBytes root,
            derive_vault_root(header.method, header.kdf, header.salt, input));
  return keys_of_root(root);
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
    put_time(out, record.created_ns);
    put_time(out, record.changed_ns);
    put_time(out, record.expires_ns);
    put_text(out, record.placeholder);
    put_text(out, record.former_placeholder);
    put_value(out, record.value);
    out.push_back(static_cast<std::uint8_t>(record.older.size()));
    for (const OlderVersion& older : record.older) {
      put_be64(out, older.version);
      put_time(out, older.changed_ns);
      put_time(out, older.expires_ns);
      put_text(out, older.placeholder);
      put_value(out, older.value);
    }
  }
  const Bytes mac = mac_of(out, keys);
  out.insert(out.end(), mac.begin(), mac.end());
  if (out.size() > kVaultBytesMax) {
    return Error{Code::kLimit,
                 "the vault would be larger than " + std::to_string(kVaultBytesMax) + " bytes",
                 "remove secrets that are no longer needed; older values go with them"};
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
                 "the vault has format " + std::to_string(format) + "; this program reads up to " +
                     std::to_string(kVaultFormat),
                 "use the newer phantom that wrote it"};
  }
  VaultImage image;
  const std::uint8_t method = in.u8();
  const std::uint8_t reserved = in.u8();
  // The Secret Service came with format 2.
  const unsigned method_max = format == 1 ? 2 : 3;
  if (format < 1 || method < 1 || method > method_max || reserved != 0) {
    return damaged("its header has unknown values");
  }
  VaultHeader& header = image.header;
  header.format = format;
  header.method = static_cast<UnlockMethod>(method);
  header.version = in.u64();
  header.kdf.passes = in.u32();
  header.kdf.memory_kib = in.u32();
  in.array(header.salt);
  in.array(header.key_check);
  header.project = in.text(kProjectBytesMax);
  if (header.method != UnlockMethod::kPassphrase &&
      (header.kdf.passes != 0 || header.kdf.memory_kib != 0)) {
    return damaged("only a passphrase has an Argon2id cost");
  }
  const std::uint32_t count = in.u32();
  if (!in.good() || count > kVaultSecretsMax)
    return damaged("its header is cut short or out of bounds");
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    image.records.push_back(read_record(in, format));
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

SealedFor place_of(const std::string& project, const VaultRecord& record) {
  return {project, record.name, record.version, record.placeholder};
}

SealedFor place_of(const std::string& project, const VaultRecord& record,
                   const OlderVersion& older) {
  return {project, record.name, older.version, older.placeholder};
}

Status seal_record(const std::string& project, const SecretBytes& value, const VaultKeys& keys,
                   Random& random, VaultRecord& record) {
  PH_ASSIGN(record.value, seal_value(place_of(project, record), value, keys, random));
  return check_record_shape(record);
}

Result<SecretBytes> open_record(const std::string& project, const VaultRecord& record,
                                const VaultKeys& keys) {
  return open_value(place_of(project, record), record.value, keys);
}

}  // namespace phantom
