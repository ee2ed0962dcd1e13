#pragma once
// Key files that do not open without a passphrase or another file. Pure. docs/FORMAT.md section 5.
//
// One line: SEALED+KEY+<name>+<key id>+<method>+<base64 of parameters, nonce and sealed seed>.
// XChaCha20-Poly1305; everything before the nonce is bound to it, so a line cannot be given to
// another key, and the cost of a passphrase cannot be lowered unseen.

#include "events/random.h"
#include "events/result.h"
#include "ledger/passphrase_key.h"
#include "ledger/secret_bytes.h"
#include "ledger/signer.h"

#include <string>
#include <string_view>

namespace phantom {

enum class SealMethod {
  kPassphrase,  // Argon2id of a passphrase
  kKeyFile      // 32 bytes that are kept somewhere else
};
const char* seal_method_name(SealMethod method);  // passphrase, keyfile

// What a sealed file says about the key that opens it.
struct SealTerms {
  SealMethod method = SealMethod::kPassphrase;
  KdfCost cost;    // of kPassphrase
  KdfSalt salt{};  // of kPassphrase
  friend bool operator==(const SealTerms&, const SealTerms&) = default;
};

inline constexpr std::size_t kSealKeyBytes = 32;

// Finds the key for a file. The ledger asks nobody by itself: whoever opens it brings one of these.
class KeyUnlock {
 public:
  virtual ~KeyUnlock() = default;
  // 32 bytes. May be called from any thread that opens the ledger, one at a time; the ledger asks
  // once for equal terms. The error goes to the person as it is.
  virtual Result<SecretBytes> key_for(const SealTerms& terms) = 0;
};

struct KeySeal {
  SealTerms terms;
  SecretBytes key;  // kSealKeyBytes
};

bool is_sealed_key(std::string_view line);

// The line for a key, without a line end.
std::string seal_key(const Signer& signer, const KeySeal& seal, Random& random);

struct SealedKey {
  std::string name;
  std::string id;  // 8 hex digits
  SealTerms terms;
  Bytes bound;  // what the nonce and the seed are bound to
  Bytes nonce;
  Bytes sealed_seed;
};
// kInvalid: not such a line. kUnsupported: a method this phantom does not know.
Result<SealedKey> parse_sealed_key(std::string_view line);

// kDenied: another key than it was sealed with, or a changed byte; nobody can tell which.
Result<Signer> open_sealed_key(const SealedKey& sealed, const SecretBytes& key);

}  // namespace phantom
