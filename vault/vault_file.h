#pragma once
// The sealed vault file: bytes in, bytes out, no I/O. docs/FORMAT-VAULT.md has every byte.
//
// A file is read in this order: parse_vault (shape and bounds), derive_vault_keys (one key
// derivation), check_vault_key (right passphrase?), authenticate_vault (every byte is as it was
// written), open_record. Nothing of a file is believed before authenticate_vault.

#include "events/random.h"
#include "events/result.h"
#include "ledger/passphrase_key.h"
#include "vault/secret.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::uint16_t kVaultFormat = 1;
inline constexpr std::size_t kVaultBytesMax = 16'777'216;
inline constexpr std::size_t kVaultSecretsMax = 4'096;
inline constexpr std::size_t kSecretValueBytesMax = 65'536;
inline constexpr std::size_t kVaultKeyBytes = 32;

enum class UnlockMethod : std::uint8_t { kPassphrase = 1, kKeyFile = 2 };

struct VaultHeader {
  UnlockMethod method = UnlockMethod::kPassphrase;
  std::uint64_t version = 0;  // +1 for each change of the file
  KdfCost kdf;                // zero for a key file
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 16> key_check{};
  std::string project;
};

// One secret as it is stored. Name, versions, times and placeholder are in clear but authenticated.
struct VaultRecord {
  std::string name;
  std::uint64_t version = 1;  // of this secret, from 1
  std::int64_t created_ns = 0;
  std::int64_t changed_ns = 0;
  std::string placeholder;
  std::array<std::uint8_t, 24> key_nonce{};
  std::array<std::uint8_t, 48> wrapped_key{};
  std::array<std::uint8_t, 24> value_nonce{};
  Bytes sealed_value;
};

struct VaultImage {
  VaultHeader header;
  std::vector<VaultRecord> records;  // sorted by name, each name once
};

// What one unlock gives: independent keys for wrapping, for authenticating, and the check value.
struct VaultKeys {
  SecretBytes wrap;
  SecretBytes mac;
  std::array<std::uint8_t, 16> check{};
};

// 1 to 64 of a-z, 0-9 and `-`: safe as part of a file name and of a tag.
bool is_valid_project(std::string_view project);

// The header must have method, salt, costs and project. `input` is the passphrase, or the 32 bytes
// of the key file.
Result<VaultKeys> derive_vault_keys(const VaultHeader& header, const SecretBytes& input);

// True when the keys are those the file was written with.
bool check_vault_key(const VaultHeader& header, const VaultKeys& keys);

// kInvalid: names or sizes that a vault cannot hold. kLimit: too large.
Result<Bytes> encode_vault(const VaultImage& image, const VaultKeys& keys);

// kCorrupt: not a vault file, or damaged. kUnsupported: a newer format.
Result<VaultImage> parse_vault(ByteView file);

// kCorrupt when any byte of the file differs from what encode_vault made with these keys.
Status authenticate_vault(ByteView file, const VaultKeys& keys);

// Seals a value under a fresh data key. Fills nonces, wrapped key and sealed value; the other
// fields of `record` must be set before and are bound to the value, with the project.
Status seal_record(const std::string& project, const SecretBytes& value, const VaultKeys& keys,
                   Random& random, VaultRecord& record);

// kCorrupt when the record does not belong to this project, name, version, placeholder or key.
Result<SecretBytes> open_record(const std::string& project, const VaultRecord& record,
                                const VaultKeys& keys);

}  // namespace phantom
