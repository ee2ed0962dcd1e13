#pragma once
// The keys of a vault and what is sealed under them. Pure but for the randomness that is passed in.
// docs/FORMAT-VAULT.md sections 2 and 3.

#include "events/limits.h"
#include "events/random.h"
#include "events/result.h"
#include "ledger/passphrase_key.h"
#include "vault/secret.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace phantom {

inline constexpr std::size_t kVaultKeyBytes = 32;
inline constexpr std::size_t kSecretValueBytesMax = 65'536;

// What opens a vault. The numbers are part of the file format.
enum class UnlockMethod : std::uint8_t { kPassphrase = 1, kKeyFile = 2, kSecretService = 3 };

using VaultSalt = KdfSalt;

// From one root: independent keys for wrapping, for authenticating and for the seals of approvals,
// and the value that tells a wrong root.
struct VaultKeys {
  SecretBytes wrap;
  SecretBytes mac;
  SecretBytes approve;
  std::array<std::uint8_t, 16> check{};
};

// The one expensive step. `input` is the passphrase, or the 32 bytes of the key.
Result<SecretBytes> derive_vault_root(UnlockMethod method, const KdfCost& kdf,
                                      const VaultSalt& salt, const SecretBytes& input);
Result<VaultKeys> keys_of_root(const SecretBytes& root);

// A value under its own data key, and that key under `wrap`.
struct SealedValue {
  std::array<std::uint8_t, 24> key_nonce{};
  std::array<std::uint8_t, 48> wrapped_key{};
  std::array<std::uint8_t, 24> value_nonce{};
  Bytes sealed;
};

// What a sealed value belongs to; moved anywhere else it does not open.
struct SealedFor {
  std::string_view project;
  std::string_view name;
  std::uint64_t version = 0;
  std::string_view placeholder;
};

// kLimit past kSecretValueBytesMax.
Result<SealedValue> seal_value(const SealedFor& to, const SecretBytes& value, const VaultKeys& keys,
                               Random& random);
// kCorrupt when it does not belong there, or not to these keys.
Result<SecretBytes> open_value(const SealedFor& to, const SealedValue& sealed,
                               const VaultKeys& keys);
// The same value under other keys of the vault: only the data key is sealed anew.
Result<SealedValue> rewrap_value(const SealedFor& to, const SealedValue& sealed,
                                 const VaultKeys& from, const VaultKeys& under, Random& random);

// BLAKE2b-256 keyed with `approve` over project and text.
Digest approval_code(const VaultKeys& keys, std::string_view project, std::string_view text);

}  // namespace phantom
