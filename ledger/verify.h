#pragma once
// Verification. Shares no code path with the writer but the pure parts: entry parsing, tree
// hashing, note parsing. Reads a snapshot at a published checkpoint and never blocks the writer.

#include "events/clock.h"
#include "ledger/anchor_files.h"
#include "ledger/checkpoint.h"
#include "ledger/timestamp.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

// kPolicy: integrity holds, a rule of the caller does not.
enum class Verdict { kVerified, kFailed, kIndeterminate, kPolicy };

enum class CheckState { kPass, kFail, kIndeterminate, kNotEvaluated, kSkipped, kPolicy };

// Stable ids, in order: ledger, files, meta, entries, tree, checkpoints, tags, ids, rows, head,
// schema, key, trust, anchors; of a proof: proof, entries, tree, schema, key.
struct Check {
  std::string id;
  CheckState state = CheckState::kNotEvaluated;
  std::string reason = {};  // what is wrong; of a pass, what is worth knowing
};

enum class VerifyDepth {
  kFull,         // every event; signatures of the newest checkpoints and of those that end epochs
  kDeep,         // every event and every signature
  kIncremental,  // from the trusted checkpoint on, when there is one that holds; else kFull
};

struct VerifyOptions {
  std::filesystem::path ledger;
  std::optional<VerifierKey> key;    // pinned by the caller
  std::vector<std::string> anchors;  // checkpoint notes kept outside
  std::optional<std::string> trust;  // the checkpoint note of the last good run
  // Who keeps checkpoints, and what they gave for this ledger's.
  std::optional<LoadedPolicy> policy;
  std::vector<AnchorReceipt> receipts;
  std::uint64_t receipts_left_out = 0;  // older ones that there are, for the report
  // Without it time stamps count for nothing, and the X.509 code stays out of the program.
  TimestampCheck timestamps = nullptr;
  VerifyDepth depth = VerifyDepth::kFull;
  const Clock* clock = &system_clock();
  unsigned threads = 0;  // 0: all cores
  // Called now and then, on the caller's thread, with the events read and their number.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

// The beginning of the ledger was removed, and an event says so.
struct PrunedPart {
  Seq first_kept = 0;  // events before it are gone
  Seq requested = 0;   // the event that says so
  std::string policy;  // as it says
  Seq asked = 0;       // what it asks for; more than first_kept: the prune was cut off
};

struct VerifyReport {
  Verdict verdict = Verdict::kIndeterminate;
  // What the exit status should be: 0, 1, 3 or 4, and 74 or 77 for read errors (DESIGN section 8).
  int exit_code = 70;
  // Highest rung reached: -1 none, 0 parses, 1 consistent, 2 authentic, 3 append-only, 4 anchored,
  // 5 complete for its query (a bundle), which says nothing about 3 and 4.
  int rung = -1;
  std::vector<Check> checks;
  std::optional<Checkpoint> head;
  std::string head_note;
  // The newest checkpoint that is known to be synced: what to trust from now on. A commit that is
  // being written may be read before it is on disk.
  std::string synced_note;
  std::uint64_t events = 0;          // that were read, and
  std::uint64_t trusted_events = 0;  // the ones before them that an earlier run had verified
  std::uint64_t commits = 0;
  std::uint64_t epochs = 0;
  std::optional<PrunedPart> pruned;
  std::optional<Seq> first_bad_seq;
  std::uint64_t unanchored_events = 0;
  std::int64_t unanchored_ns = 0;  // age of the oldest unanchored event
  std::vector<std::string> not_checked;
};

VerifyReport verify_ledger(const VerifyOptions& options);

// An event with its .tlog-proof (C2SP tlog-proof@v1), against a pinned key and nothing else.
VerifyReport verify_proof(std::string_view proof, ByteView entry,
                          const std::optional<VerifierKey>& key);

}  // namespace phantom
