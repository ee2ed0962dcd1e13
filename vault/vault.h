#pragma once
// The vault of a project: its secrets, sealed in one file that the ledger vouches for.
//
// Every change is two events around one rename: the new file is put beside the old one,
// vault.change.requested is durable, the file is renamed into place, vault.change.completed. Two
// processes cannot both win: a request is only recorded if nothing happened to the vault since the
// state it builds on. What a killed process left open is finished or declared failed by whoever
// opens the vault next. A file whose digest the ledger does not expect is refused.

#include "ledger/appender.h"
#include "ledger/home.h"
#include "ledger/reader.h"
#include "vault/unlock.h"
#include "vault/vault_change.h"
#include "vault/vault_file.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// What a vault works with. All pointers must outlive the vault.
struct VaultOptions {
  Home home;
  Context context;  // context.project names the vault
  Appender* appender = nullptr;
  LedgerReader* reader = nullptr;
  Unlocker* unlocker = nullptr;
  const Clock* clock = &system_clock();
  Random* random = &system_random();
  KdfCost kdf;  // of a new vault, and of a new passphrase
  // The expensive step from what opens the vault to its keys, which tests count.
  std::function<decltype(derive_vault_root)> derive = derive_vault_root;
};

// A real value that was replaced and is kept for `phantom rotate --undo`.
struct OlderSecret {
  std::uint64_t version = 0;
  std::int64_t changed_ns = 0;
  std::int64_t expires_ns = 0;
};

struct SecretInfo {
  std::string name;             // full (vault/secret_name.h)
  std::uint64_t version = 0;    // of the real value
  std::int64_t created_ns = 0;  // the secret
  std::int64_t changed_ns = 0;  // the real value
  std::string placeholder;
  std::int64_t expires_ns = 0;     // 0: never
  std::vector<OlderSecret> older;  // newest first, at most kOlderVersionsMax
  // What stood for it before the placeholder was renewed; opens nothing. Empty when it never was.
  std::string former_placeholder;
};

// True from the end of its time on.
bool is_expired(const SecretInfo& info, std::int64_t now_ns);

// What can be seen of a vault without opening it. Only the ledger's word stands for it.
struct LockedVault {
  VaultHeader header;
  std::vector<SecretInfo> secrets;
};

struct OpenedSecret {
  SecretInfo info;
  SecretBytes value;
};

// One thread at a time. Values stay sealed in memory until open_secrets.
class Vault {
 public:
  // kExists: there is one. kCorrupt: there is one the ledger does not know.
  static Result<Vault> create(VaultOptions options, UnlockMethod method);

  // kNotFound: the project has no vault. kDenied: wrong passphrase (asked up to three times on a
  // terminal) or no way to unlock. kCorrupt: damaged, missing, or not the file the ledger knows.
  static Result<Vault> open(VaultOptions options);

  // The names in the vault file the ledger vouches for; needs no passphrase and opens no value.
  static Result<std::vector<SecretInfo>> list_locked(const VaultOptions& options);

  // The same with the header.
  static Result<LockedVault> look_locked(const VaultOptions& options);

  // Forgets what keep_key kept. False when there was nothing. Opens nothing.
  static Result<bool> forget_key(const VaultOptions& options);

  // Sorted by name.
  std::vector<SecretInfo> list() const;
  std::optional<SecretInfo> find(const std::string& name) const;
  std::uint64_t version() const;

  // The only way to values. Records secret.opened, durable before anything is returned. All or
  // nothing: kNotFound when a name is missing; kDenied, naming them, when the time of some is over,
  // which is recorded as secret.expired. `purpose` is a word or two: exec, sync. Only "reveal",
  // "rotate", "export" and "keep from child", which use no value anywhere, open expired ones.
  Result<std::vector<OpenedSecret>> open_secrets(const std::vector<std::string>& names,
                                                 const std::string& purpose);
  Result<OpenedSecret> open_secret(const std::string& name, const std::string& purpose);
  // The value of an older version; info is that of the secret with the version's own numbers.
  Result<OpenedSecret> open_older(const std::string& name, std::uint64_t version,
                                  const std::string& purpose);

  // Durable on return. A put of a name that is there keeps its placeholder and raises its version;
  // it clears the expiry unless it sets one. Naming a secret twice is kInvalid. All changes
  // that one event has room for (some 200) happen wholly or not at all; more are done in steps.
  // kNotFound, kExists: see apply_changes. kIndeterminate: reopen to see what happened.
  Status change(const std::string& source, std::vector<VaultChange> changes);

  // Another passphrase, or another way to open the vault: all data keys are sealed anew, in one
  // change of the file. A key that was kept, and a key in the Secret Service that is no longer
  // used, are forgotten. kInvalid: it is opened that way already.
  Status change_unlock(UnlockMethod method);

  // Its key came out of the Secret Service of this session: who reaches that service can have it.
  bool key_is_in_session() const;

  // Keeps the key of a passphrase vault in the Secret Service until forget_key, for commands to
  // come; kInvalid for other vaults. Recorded before it is done.
  Status keep_key();

  // A code over the text that only who can open the vault can make: what approvals are sealed
  // with. Another passphrase or key makes another code.
  Digest approval_seal(std::string_view text) const;

 private:
  struct State;
  explicit Vault(std::unique_ptr<State> state);

 public:
  Vault(Vault&&) noexcept;
  Vault& operator=(Vault&&) noexcept;
  ~Vault();

 private:
  std::unique_ptr<State> state_;
};

}  // namespace phantom
