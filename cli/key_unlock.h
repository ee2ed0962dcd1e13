#pragma once
// Where a command gets what opens the ledger's sealed key files.
//
// A passphrase: PHANTOM_LEDGER_PASSPHRASE, which is taken out of the environment, else a question
// on the terminal. A key file: the file named by PHANTOM_LEDGER_KEY_FILE, else `phantom-ledger` in
// the directory of systemd's credentials.

#include "ledger/key_seal.h"

#include <filesystem>
#include <mutex>
#include <optional>

namespace phantom {

class CommandKeyUnlock final : public KeyUnlock {
 public:
  // Takes the passphrase out of the environment. Call before other threads start.
  CommandKeyUnlock();

  // One derivation for equal terms. Safe from several threads. kDenied, with a hint that names
  // every way, when there is no source.
  Result<SecretBytes> key_for(const SealTerms& terms) override;

  // While a person is at the terminal: later, on another thread, a question would come from
  // nowhere.
  void let_ask(bool yes);

  // For keys that are to be sealed. A passphrase from the terminal is asked for twice and has at
  // least 8 bytes. `file` is for kKeyFile; it is made, mode 0600, where there is none.
  Result<KeySeal> new_seal(SealMethod method, const std::optional<std::filesystem::path>& file,
                           Random& random);

 private:
  Result<SecretBytes> passphrase_key(const SealTerms& terms);

  std::mutex mutex_;
  std::optional<SecretBytes> passphrase_;  // guarded by mutex_
  std::optional<KeySeal> derived_;         // guarded by mutex_
  bool may_ask_ = false;                   // guarded by mutex_
};

// None when neither variable names one.
std::optional<std::filesystem::path> ledger_key_file();

// 32 bytes, or 64 hex digits and an optional line end. kDenied when others may read it.
Result<SecretBytes> read_ledger_key_file(const std::filesystem::path& file);

}  // namespace phantom
