#pragma once
// Gives drafts their numbers and works out what one commit writes. Pure but for the rows it reads:
// nothing is changed until the prepared commit is adopted, so a refused or failed one leaves no
// trace.
//
// Invariants between commits:
//   size        = number of events = size of the newest checkpoint
//   edge[0]     = leaf hashes of the open bundle, size % 256 of them
//   edge[l > 0] = hashes of the open tile of level l, (size >> 8l) % 256 of them
//   every commit of n events adds exactly one checkpoint, over size + n

#include "events/draft.h"
#include "ledger/checkpoint.h"
#include "ledger/reader.h"
#include "ledger/store.h"
#include "ledger/tree.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace phantom {

struct Submission {
  Draft draft;
  std::optional<Peer> peer;
  std::function<void(Result<Receipt>)> done;
};

class Sequencer {
 public:
  // The state at `size`, read from the rows. Checks that the rows give the checkpoint's root and
  // that the newest entries parse: kCorrupt otherwise.
  static Result<Sequencer> load(const RowSource& rows, const Checkpoint& head);
  // Of a ledger without events.
  static Sequencer empty(std::string origin);

  const std::string& origin() const { return origin_; }
  std::uint64_t size() const { return range_.size(); }

  struct Prepared {
    RowChanges changes;
    Checkpoint checkpoint;                 // over all events, the new ones included
    std::vector<Result<Receipt>> results;  // one per submission, in order
    std::uint64_t added = 0;               // 0: nothing to commit

    CompactRange range;
    std::vector<std::vector<Digest>> edges;
    std::int64_t last_time_ns = 0;
  };
  // kCorrupt or kIo when the rows cannot be read; what is wrong with one draft is in its result.
  Result<Prepared> prepare(const RowSource& rows, std::span<const Submission> batch,
                           std::int64_t now_ns) const;
  void adopt(Prepared&& prepared);

 private:
  class Batch;
  std::string origin_;
  CompactRange range_;
  std::vector<std::vector<Digest>> edges_{1};
  std::int64_t last_time_ns_ = 0;
};

// The newest event with a tag, from the tag table.
Result<std::optional<TagState>> read_tag(const RowSource& rows, std::string_view tag);

}  // namespace phantom
