#pragma once
// Building the ledger of a home anew from a backup. A third way to a ledger beside creating and
// opening one, with a rule of its own: what was once known of this ledger is never contradicted.
//
// The ledger is made aside in ledger.new, verified there as `audit verify` would, and renamed into
// place. What a crash leaves, and what the next attempt finds:
//   ledger.new, no ledger           -> not finished: made anew
//   `restoring` and a ledger        -> the rename happened: pins and keys are brought up to date
// ledger.new already holds ledger.restored and the announcement of a new epoch, in one commit, so
// that there is no restored ledger without them.

#include "events/clock.h"
#include "events/draft.h"
#include "events/random.h"
#include "ledger/checkpoint.h"
#include "ledger/home.h"
#include "ledger/key_seal.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

// A checkpoint that somebody once saw, and where it was kept.
struct KnownCheckpoint {
  std::string where;
  SignedCheckpoint checkpoint;
};

struct RestoreOptions {
  std::filesystem::path backup;
  std::vector<SignedCheckpoint> anchors;  // kept elsewhere by the caller
  Context context;                        // of the event about it
  // Asked when the backup is older than something known: the reason to go on, or the error to stop
  // with. Not set: stop, with both notes.
  std::function<Result<std::string>(const Checkpoint& backup, const KnownCheckpoint& newest)>
      accept_loss = {};
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
  const Clock* clock = &system_clock();
  Random* random = &system_random();
  KeyUnlock* unlock = nullptr;  // opens sealed key files
  std::chrono::milliseconds wait_max{5'000};
};

struct Restored {
  Checkpoint restored;             // what came from the backup
  Checkpoint head;                 // with the events about the restore
  std::optional<Checkpoint> lost;  // newest one known, when the backup is older
  std::uint64_t epoch = 0;         // in force now
  std::string evidence;            // directory in the home that keeps what was in the way
  bool finished_earlier = false;   // an earlier attempt was cut off at its very end
};

// kExists: there is a ledger. kNotFound: no backup there, or a key is missing. kInvalid: not a
// backup. kCorrupt: the backup does not verify, or contradicts a known checkpoint; the message
// holds both notes.
Result<Restored> restore_ledger(const Home& home, const RestoreOptions& options);

// How a backup stands to what is known. Pure. `root_at` gives the backup's root at a size.
enum class BackupAge { kCurrent, kOlder, kForked };
struct BackupComparison {
  BackupAge age = BackupAge::kCurrent;
  std::optional<KnownCheckpoint> newest;  // known one that is newer, or the one that contradicts
};
BackupComparison compare_with_known(
    std::uint64_t size, const std::function<std::optional<Digest>(std::uint64_t)>& root_at,
    const std::vector<KnownCheckpoint>& known);

}  // namespace phantom
