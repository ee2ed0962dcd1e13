#pragma once
// Where the passphrase or key of a vault comes from.
//
// A passphrase vault: PHANTOM_VAULT_PASSPHRASE, else a question on the terminal. A key-file vault:
// the file named by PHANTOM_VAULT_KEY_FILE, else $PHANTOM_HOME/keys/vault.key. The vault's header
// says which of the two it is.

#include "events/random.h"
#include "events/result.h"
#include "ledger/home.h"
#include "vault/secret.h"
#include "vault/vault_file.h"

#include <filesystem>
#include <optional>
#include <string>

namespace phantom {

// The outside world of an unlock, so that tests can play it.
class UnlockInput {
 public:
  virtual ~UnlockInput() = default;
  // PHANTOM_VAULT_PASSPHRASE; the first call wipes it from the environment of this process.
  virtual std::optional<SecretBytes> take_passphrase() = 0;
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
  std::string source;  // for events: passphrase-env, passphrase-prompt or key-file
};

// Chooses the source. Not thread-safe. `input` must outlive it.
class Unlocker {
 public:
  explicit Unlocker(Home home, UnlockInput& input = system_unlock_input());

  // For a vault that exists. `attempt` counts from 1: a prompt says "try again" from the second on.
  // kDenied, with a hint that names every way, when no source is there.
  Result<UnlockKey> for_open(UnlockMethod method, const std::string& project, int attempt = 1);

  // For a new vault. A passphrase from the terminal is asked for twice and must be at least 8
  // bytes. A key file is made (mode 0600, never replaced) where there is none.
  Result<UnlockKey> for_create(UnlockMethod method, const std::string& project, Random& random);

  std::filesystem::path key_file() const;

 private:
  Home home_;
  UnlockInput& input_;
  std::optional<SecretBytes> passphrase_;
  bool passphrase_taken_ = false;
};

// 64 lower-case hex digits and an optional line end.
Result<SecretBytes> parse_key_file(ByteView content);

}  // namespace phantom
