#pragma once
// A place outside of phantom that keeps keys of vaults: the desktop's Secret Service, or a test.

#include "events/result.h"
#include "vault/secret.h"

#include <optional>
#include <string>

namespace phantom {

// What a kept key is filed under.
struct KeyLabel {
  enum class Kind {
    kVaultKey,  // the one key of a vault of method secret-service: losing it loses the vault
    kKeptRoot   // of a passphrase vault, from `phantom vault unlock` to `phantom vault lock`
  };
  Kind kind = Kind::kVaultKey;
  std::string project;
  std::string vault;  // the salt in hex: another passphrase, another vault
};

// Errors, all in plain words with what to do: kUnsupported: nothing on this machine can keep keys.
// kDenied: it is locked. kNotFound: it does not answer. Never asks the person anything.
class KeyKeeper {
 public:
  virtual ~KeyKeeper() = default;
  virtual Result<std::optional<SecretBytes>> find(const KeyLabel& label) = 0;
  // Durable on return; replaces what was there.
  virtual Status store(const KeyLabel& label, const SecretBytes& key) = 0;
  virtual Status forget(const KeyLabel& label) = 0;  // fine when there is none
};

}  // namespace phantom
