#pragma once
// A passphrase made into a key. Pure.

#include "events/result.h"
#include "events/types.h"
#include "ledger/secret_bytes.h"

#include <array>
#include <cstdint>

namespace phantom {

// Cost of Argon2id. The default is libsodium's "interactive" memory with three passes.
struct KdfCost {
  std::uint32_t passes = 3;
  std::uint32_t memory_kib = 65'536;
  friend bool operator==(const KdfCost&, const KdfCost&) = default;
};
using KdfSalt = std::array<std::uint8_t, 16>;
inline constexpr std::size_t kPassphraseKeyBytes = 32;

// kInvalid for costs out of bounds: 1 to 16 passes, 8 KiB to 1 GiB.
Status check_kdf_cost(const KdfCost& cost);

// Argon2id, version 1.3, one lane. kInvalid for costs out of bounds, kLimit when the memory is not
// there. Takes about 0.1 s at the default cost.
Result<SecretBytes> derive_passphrase_key(const SecretBytes& passphrase, const KdfCost& cost,
                                          const KdfSalt& salt);

}  // namespace phantom
