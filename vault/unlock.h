#pragma once
// Where the passphrase or key of a vault comes from.
//
// A passphrase vault: the root that `phantom vault unlock` keeps in the Secret Service, else
// PHANTOM_VAULT_PASSPHRASE, else a question on the terminal. A key-file vault: the file named by
// PHANTOM_VAULT_KEY_FILE, else $PHANTOM_HOME/keys/vault.key. A secret-service vault: the key kept
// there. The vault's header says which of the three it is; nothing falls back to another one.

#include "events/random.h"
#include "events/result.h"
#include "ledger/home.h"
#include "vault/key_keeper.h"
#include "vault/secret.h"
#include "vault/vault_file.h"

#include <filesystem>
#include <optional>
#include <string>

namespace phantom {

// The Secret Service of this session (vault/secret_service.h).
KeyKeeper& secret_service();

// The outside world of an unlock, so that tests can play it.
class UnlockInput {
 public:
  virtual ~UnlockInput() = default;
  // PHANTOM_VAULT_PASSPHRASE; the first call wipes it from the environment of this process.
  virtual std::optional<SecretBytes> take_passphrase() = 0;
  // PHANTOM_VAULT_NEW_PASSPHRASE, the same way: what `vault change-passphrase` changes to.
  virtual std::optional<SecretBytes> take_new_passphrase() { return std::nullopt; }
  // Whether a key that `phantom vault unlock` kept may stand for a passphrase. Only who says so
  // gets one: what a person has to stand behind must not open by itself.
  virtual bool takes_kept_keys() const { return false; }
  // PHANTOM_VAULT_KEY_FILE.
  virtual std::optional<std::filesystem::path> key_file() = 0;
  // Asks on the terminal with echo off. kDenied: there is no terminal. kClosed: the person gave up.
  virtual Result<SecretBytes> ask(const std::string& question) = 0;
};

// The real one. Lives as long as the process. One thread at a time.
UnlockInput& system_unlock_input();

// Reads a hidden line from /dev/tty; terminal settings come back also when a signal arrives.
// kDenied: there is no terminal. kClosed: end of input or interrupt. For prompts of commands too.
Result<SecretBytes> ask_hidden(const std::string& question);

// The value of an environment variable, which is wiped and gone from the environment of this
// process afterwards. None when it is unset or empty.
std::optional<SecretBytes> take_secret_variable(const char* name);

struct UnlockKey {
  SecretBytes input;  // what derive_vault_keys wants
  UnlockMethod method = UnlockMethod::kPassphrase;
  std::string source;  // for events: passphrase-env, passphrase-prompt, key-file, secret-service
};

// Chooses the source. Not thread-safe. `input` and `keeper` must outlive it.
class Unlocker {
 public:
  explicit Unlocker(Home home, UnlockInput& input = system_unlock_input(),
                    KeyKeeper& keeper = secret_service());

  // From now on a passphrase vault opens only with what a person types: neither a variable nor a
  // kept root. For what a person has to stand behind.
  void ask_a_person() { only_a_person_ = true; }

  // For a vault that exists. `attempt` counts from 1: a prompt says "try again" from the second on.
  // kDenied, with a hint that names every way, when no source is there.
  Result<UnlockKey> for_open(const VaultHeader& header, int attempt = 1);

  // For a new vault whose header has project and salt. A passphrase from the terminal is asked for
  // twice and must be at least 8 bytes. A key file is made (mode 0600, never replaced) where there
  // is none. A key for the Secret Service is made and put there; forget_new takes it away again.
  Result<UnlockKey> for_create(const VaultHeader& header, Random& random);
  // The same for a vault that is to be opened another way from now on.
  Result<UnlockKey> for_change(const VaultHeader& header, Random& random);

  // The root that is kept for this passphrase vault. None: there is none, or it cannot be had;
  // then why_not_kept() says so.
  std::optional<SecretBytes> kept_root(const VaultHeader& header);
  const std::optional<Error>& why_not_kept() const { return why_not_kept_; }
  // Keeps it until forget_kept.
  Status keep_root(const VaultHeader& header, const SecretBytes& root);
  // False when none was kept.
  Result<bool> forget_kept(const VaultHeader& header);
  // A root may be kept for this vault: nothing outside is asked.
  bool may_be_kept(const VaultHeader& header) const;

  // The key of a secret-service vault that is no longer, or did not come to be.
  Status forget_service_key(const VaultHeader& header);

  std::filesystem::path key_file() const;

 private:
  void take_passphrase();
  Result<UnlockKey> from_key_file(const std::string& project);
  Result<UnlockKey> from_service(const VaultHeader& header);
  Result<UnlockKey> make_key_file(const std::string& project, Random& random);
  Result<UnlockKey> make_service_key(const VaultHeader& header, Random& random);
  Result<UnlockKey> new_passphrase(const std::string& project,
                                   std::optional<SecretBytes> from_variable);
  std::filesystem::path kept_mark(const std::string& project) const;

  Home home_;
  UnlockInput& input_;
  KeyKeeper& keeper_;
  std::optional<SecretBytes> passphrase_;
  std::optional<Error> why_not_kept_;
  bool passphrase_taken_ = false;
  bool only_a_person_ = false;
};

// 64 lower-case hex digits and an optional line end.
Result<SecretBytes> parse_key_file(ByteView content);
// The digits alone.
SecretBytes key_file_text(const SecretBytes& key);

}  // namespace phantom
