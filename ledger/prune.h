#pragma once
// Removing the beginning of a ledger without taking anything from the proofs of what stays. Pure:
// what a step changes in the rows. docs/FORMAT.md section 18; ledger/retention.h does it.
//
// A pruned bundle leaves the hashes of its 256 entries, the entries under state tags
// (events/tags.h), and of its commits those that end an epoch. So every root and every proof stays,
// as do the history of keys and the state that old events hold.

#include "events/draft.h"
#include "ledger/reader.h"
#include "ledger/row_source.h"
#include "ledger/store.h"

#include <optional>
#include <string>

namespace phantom {

// Events that one step removes at most: a batch of a bounded size.
inline constexpr std::uint64_t kPruneStepEvents = 32 * 256;

// What turns the bundles of events [from, to) into hashes, to be written as one batch. `from` is
// the number of events that are pruned already, both are multiples of 256. kCorrupt when rows are
// missing or do not parse.
Result<RowChanges> prune_rows(const RowSource& rows, std::uint64_t size, Seq from, Seq to);

// The rows of tags that removed events alone have, in one hash: nothing that stays would tell that
// one of them was changed. Rows are taken in order of their names.
class RemovedTags {
 public:
  // Those of state tags, and those whose newest event stays, are left out.
  static bool covers(std::string_view tag, Seq last_seq, Seq first_kept);
  void add(std::string_view tag, const TagState& state);
  const Digest& digest() const { return digest_; }

 private:
  Digest digest_{};
};

// Why a prefix may be missing: what ledger.prune.requested says.
struct PruneRequest {
  Seq seq = 0;  // of the event
  Seq first_kept = 0;
  Digest root{};  // over the events before first_kept
  std::string policy;
  Digest tags{};  // RemovedTags, at the time of the request
  std::uint64_t cutoff_ns = 0;
  std::uint32_t holds = 0;
};
// None for another event. kCorrupt when the payload makes no sense.
Result<std::optional<PruneRequest>> parse_prune_request(Seq seq, EventNo type, ByteView payload);
// The newest one; none when nothing was ever pruned.
struct NewestPrune {
  PruneRequest request;
  enum class State { kUnfinished, kCompleted } state = State::kUnfinished;
};
Result<std::optional<NewestPrune>> newest_prune(const LedgerReader& reader);

// Producers.
Draft prune_requested(const Context& context, const PruneRequest& request);
Draft prune_completed(const Context& context, Seq requested, Seq first_kept);

}  // namespace phantom
