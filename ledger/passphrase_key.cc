#include "ledger/passphrase_key.h"

#include <sodium.h>

namespace phantom {

static_assert(crypto_pwhash_SALTBYTES == sizeof(KdfSalt));

Status check_kdf_cost(const KdfCost& cost) {
  if (cost.passes < 1 || cost.passes > 16 || cost.memory_kib < 8 || cost.memory_kib > 1'048'576) {
    return Error{Code::kInvalid, "Argon2id cost out of bounds: 1 to 16 passes, 8 KiB to 1 GiB"};
  }
  return {};
}

Result<SecretBytes> derive_passphrase_key(const SecretBytes& passphrase, const KdfCost& cost,
                                          const KdfSalt& salt) {
  PH_TRY(check_kdf_cost(cost));
  SecretBytes key = SecretBytes::zeros(kPassphraseKeyBytes);
  if (crypto_pwhash(key.writable().data(), key.size(), passphrase.text().data(), passphrase.size(),
                    salt.data(), cost.passes, std::size_t{cost.memory_kib} * 1024,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Error{Code::kLimit,
                 "not enough memory to derive a key from a passphrase (" +
                     std::to_string(cost.memory_kib / 1024) + " MiB)",
                 "free some memory, then try again"};
  }
  return key;
}

}  // namespace phantom
