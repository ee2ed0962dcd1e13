#pragma once
// A command's way to the vault of its project.

#include "cli/environment.h"
#include "cli/project.h"
#include "vault/vault.h"

#include <memory>
#include <optional>

namespace phantom {

// Keeps what the vault works with. Must not outlive the environment.
class VaultAccess {
 public:
  // `input` must outlive it too.
  VaultAccess(Environment& environment, const Project& project, const Home& home,
              UnlockInput& input = system_unlock_input());
  VaultAccess(const VaultAccess&) = delete;
  VaultAccess& operator=(const VaultAccess&) = delete;

  // Opens ledger and vault. kNotFound with a hint when the project has no vault.
  Status open();
  Status create(UnlockMethod method);
  // Names, versions and placeholders without unlocking anything. Finishes a change that a killed
  // process left open; only then is the appender opened.
  Result<std::vector<SecretInfo>> list_locked();

  // The same with the vault's header.
  Result<LockedVault> look_locked();
  // Forgets the key that `phantom vault unlock` kept; false when there was none.
  Result<bool> forget_key();
  Unlocker& unlocker() { return unlocker_; }

  // Forgets the keys of the vault; values that were opened stay with whoever has them.
  void lock() { vault_.reset(); }

  Vault& vault() { return *vault_; }
  // After open() or create() only.
  Appender& appender() {
    PH_CHECK(options_.appender != nullptr, "the appender of a vault that was not opened");
    return *options_.appender;
  }
  LedgerReader& reader() { return *options_.reader; }
  const Context& context() const { return options_.context; }
  // Every event belongs to the session. Call before open().
  void set_session(const std::string& session) { options_.context.session = session; }

 private:
  Status connect();

  Environment& environment_;
  Unlocker unlocker_;
  VaultOptions options_;
  std::optional<Vault> vault_;
};

}  // namespace phantom
