#pragma once
// The sealed vault file: bytes in, bytes out, no I/O. docs/FORMAT-VAULT.md has every byte.
//
// A file is read in this order: parse_vault (shape and bounds), derive_vault_keys (one key
// derivation), check_vault_key (right passphrase?), authenticate_vault (every byte is as it was
// written), open_record. Nothing of a file is believed before authenticate_vault. Formats 1 and 2
// are read; format 2 is written.

#include "events/random.h"
#include "events/result.h"
#include "vault/vault_seal.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::uint16_t kVaultFormat = 2;
inline constexpr std::size_t kVaultBytesMax = 16'777'216;
inline constexpr std::size_t kVaultSecretsMax = 4'096;
inline constexpr std::size_t kOlderVersionsMax = 3;

struct VaultHeader {
  std::uint16_t format = kVaultFormat;  // of the file that was read
  UnlockMethod method = UnlockMethod::kPassphrase;
  std::uint64_t version = 0;  // +1 for each change of the file
  KdfCost kdf;                // zero without a passphrase
  VaultSalt salt{};
  std::array<std::uint8_t, 16> key_check{};
  std::string project;
};

// A real value that a newer one has replaced.
struct OlderVersion {
  std::uint64_t version = 0;
  std::int64_t changed_ns = 0;
  std::int64_t expires_ns = 0;
  std::string placeholder;  // it was sealed with
  SealedValue value;
};

// One secret as it is stored. All but the values is in clear and authenticated.
struct VaultRecord {
  std::string name;             // full (vault/secret_name.h)
  std::uint64_t version = 1;    // of the real value, from 1
  std::int64_t created_ns = 0;  // the secret
  std::int64_t changed_ns = 0;  // the real value
  std::int64_t expires_ns = 0;  // 0: never
  std::string placeholder;
  std::string former_placeholder;  // before it was renewed; empty when it never was
  SealedValue value;
  std::vector<OlderVersion> older;  // newest first
};

struct VaultImage {
  VaultHeader header;
  std::vector<VaultRecord> records;  // sorted by name, each name once
};

// 1 to 64 of a-z, 0-9 and `-`: safe as part of a file name and of a tag.
bool is_valid_project(std::string_view project);

// The header must have method, salt and costs. `input` is the passphrase, or the 32 bytes of the
// key.
Result<VaultKeys> derive_vault_keys(const VaultHeader& header, const SecretBytes& input);

// True when the keys are those the file was written with.
bool check_vault_key(const VaultHeader& header, const VaultKeys& keys);

// Always in format kVaultFormat. kInvalid: names or sizes that a vault cannot hold. kLimit: too
// large.
Result<Bytes> encode_vault(const VaultImage& image, const VaultKeys& keys);

// kCorrupt: not a vault file, or damaged. kUnsupported: a newer format.
Result<VaultImage> parse_vault(ByteView file);

// kCorrupt when any byte of the file differs from what was written with these keys.
Status authenticate_vault(ByteView file, const VaultKeys& keys);

// Where a record's values belong.
SealedFor place_of(const std::string& project, const VaultRecord& record);
SealedFor place_of(const std::string& project, const VaultRecord& record,
                   const OlderVersion& older);

// Seals a value into the record. Name, version and placeholder must be set before.
Status seal_record(const std::string& project, const SecretBytes& value, const VaultKeys& keys,
                   Random& random, VaultRecord& record);

// kCorrupt when the record does not belong to this project, name, version, placeholder or key.
Result<SecretBytes> open_record(const std::string& project, const VaultRecord& record,
                                const VaultKeys& keys);

}  // namespace phantom
