#pragma once
// One round of anchoring: the newest checkpoint that is known to be on disk goes to every anchor
// that is asked for, each on its own terms. Used by the command and by the keeper of a running
// writer.

#include "cli/anchor_kind.h"
#include "ledger/appender.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

inline constexpr std::int64_t kDefaultAnchorIntervalNs = 600'000'000'000;

// A home's anchors: its policy, its log's pinned key, a snapshot of its ledger.
struct AnchorHome {
  Home home;
  AnchorFiles files;
  LoadedPolicy policy;
  VerifierKey log_key;
  std::string ledger_id;
  std::unique_ptr<LedgerReader> reader;

  // kNotFound when there is no policy, no ledger or no pinned key.
  static Result<AnchorHome> open(const Home& home);
  // newest_synced() as it goes out to others: signed by the pinned key and no epoch's.
  Result<SignedCheckpoint> newest();
};

// The newest checkpoint that is known to be on disk. Moves the reader on. kCorrupt: store and head
// copy contradict.
Result<SignedCheckpoint> newest_synced(const Home& home, LedgerReader& reader);

struct AnchorRound {
  std::vector<std::string> names;  // empty: every anchor but those that are asked by hand
  bool due_only = false;           // only what the interval and earlier failures let through
  std::chrono::milliseconds time_max{20'000};
  std::function<bool()> stop{};  // asked before each anchor; true leaves the rest out
  std::function<const char*(const char*)> variable;
  const Clock* clock = &system_clock();
  Random* random = &system_random();
};

struct AnchorResult {
  enum class State {
    kAnchored,  // it has the checkpoint now; the receipt is kept
    kCurrent,   // it had it before
    kNotDue,
    kManual,  // a person has to carry the request
    kFailed,
    kConflict  // it contradicts our log
  };
  std::string anchor;
  std::string kind;
  State state = State::kFailed;
  std::uint64_t size = 0;
  std::int64_t vouched_ns = 0;
  std::optional<Error> error{};       // of kFailed
  std::string message{};              // of kConflict
  std::string evidence{};             // of kConflict: the file
  std::optional<Error> unrecorded{};  // the event about it could not be appended
};

// `append` records one event. kNotFound: a name that the policy has not.
Result<std::vector<AnchorResult>> push_anchors(AnchorHome& home, const AnchorRound& round,
                                               const Context& context,
                                               const std::function<Result<Receipt>(Draft)>& append);

// Keeps the receipt, durably, then records it: in this order, so that what is on record is there.
AnchorResult keep_anchored(const AnchorHome& home, const AnchorSpec& spec, const AnchorGave& gave,
                           const Context& context,
                           const std::function<Result<Receipt>(Draft)>& append);
// Both sides of a contradiction into a file of their own, then on record.
AnchorResult keep_conflict(const AnchorHome& home, const AnchorSpec& spec,
                           const SignedCheckpoint& ours, const AnchorContradicts& theirs,
                           const Clock& clock, const Context& context,
                           const std::function<Result<Receipt>(Draft)>& append);

// What an anchor has of our log so far.
struct AnchorStand {
  std::uint64_t size = 0;        // of the newest receipt; 0 for none
  std::int64_t kept_ns = 0;      // when it was kept
  std::uint64_t failures = 0;    // since
  std::int64_t failed_ns = 0;    // the newest of them
  std::int64_t recorded_ns = 0;  // the newest of them that is an event
};
Result<AnchorStand> anchor_stand(const AnchorFiles& files, std::string_view anchor);

// Pure: whether to try now. After failures the wait doubles, up to an hour.
bool is_due(const AnchorStand& stand, std::int64_t interval_ns, std::int64_t now_ns);

// True when the log has an event at or after `size` that is not about anchoring.
Result<bool> has_news(const LedgerReader& reader, std::uint64_t size);

AnchorSetup setup_of(const AnchorHome& home, const AnchorSpec& spec, const AnchorRound& round);

}  // namespace phantom
