#pragma once
// Keys of vaults in the Secret Service of the desktop (GNOME Keyring, KWallet, KeePassXC), through
// libsecret. The library is opened when it is first needed: phantom starts without it.
//
// Whoever may talk to the session bus of this user can read what is kept there while the keyring is
// unlocked, without a question. No file of libsecret's own is ever used in place of the service.

#include "vault/key_keeper.h"

#include <memory>

namespace phantom {

// One thread at a time. Threads that the library starts have all signals blocked.
class SecretService final : public KeyKeeper {
 public:
  explicit SecretService(std::string library = "libsecret-1.so.0");
  ~SecretService() override;
  Result<std::optional<SecretBytes>> find(const KeyLabel& label) override;
  Status store(const KeyLabel& label, const SecretBytes& key) override;
  Status forget(const KeyLabel& label) override;

 private:
  struct Library;
  Result<Library*> open();

  std::string library_name_;
  std::unique_ptr<Library> library_;
};

}  // namespace phantom
