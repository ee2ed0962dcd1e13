#pragma once
// What the ledger says about a vault file, and what follows from it.

#include "events/result.h"
#include "ledger/reader.h"
#include "vault/vault_events.h"

#include <optional>
#include <string>

namespace phantom {

enum class ChangeEnding { kOpen, kDone, kFailed };

// The newest change of a vault. `note.source` and all else is as it was requested.
struct LastChange {
  Seq requested = 0;
  Seq newest = 0;  // of all events filed under the vault
  ChangeEnding ending = ChangeEnding::kOpen;
  VaultChangeNote note;
};

// None when the ledger knows no vault of that project. kCorrupt: events that make no sense.
Result<std::optional<LastChange>> read_last_change(const LedgerReader& reader,
                                                   const std::string& project);

// How the change with that number ended.
Result<ChangeEnding> read_change_ending(const LedgerReader& reader, const std::string& project,
                                        Seq requested);

// What lies on disk. Look for the staged file first: it turns into the current one.
struct VaultFiles {
  bool staged = false;  // the staged file of the newest change is there
  std::optional<Digest> current;
};

enum class VaultVerdict {
  kAbsent,      // there is no vault, and there should be none
  kGood,        // the file is the one the ledger knows
  kPublish,     // the change was recorded and its file waits to be renamed into place
  kMarkDone,    // the change took place; its completed event is missing
  kMarkFailed,  // the change was recorded but can no longer take place
  kMissing,     // there should be a file
  kUnknownFile  // there is a file the ledger does not know
};

// Pure. The table is in docs/FORMAT-VAULT.md section 5.
VaultVerdict judge_vault(const std::optional<LastChange>& last, const VaultFiles& files);

}  // namespace phantom
