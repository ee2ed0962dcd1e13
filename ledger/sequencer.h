#pragma once
// Gives drafts their numbers and works out what one commit writes. Does no I/O but reading rows.
//
// Invariants between commits:
//   size        = number of events = size of the newest checkpoint
//   edges[l]    = hashes of the open tile of level l >= 1, (size >> 8l) % 256 of them
//   open bundle = the last size % 256 entries, as the tail runs of the store hold them
//   every commit of n events adds exactly one checkpoint, over size + n

#include "events/draft.h"
#include "events/envelope.h"
#include "ledger/checkpoint.h"
#include "ledger/id_window.h"
#include "ledger/reader.h"
#include "ledger/store.h"
#include "ledger/tag_table.h"
#include "ledger/tree.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace phantom {

struct Submission {
  Draft draft;  // has passed check_draft
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

   private:
    friend class Sequencer;
    CompactRange range;
    std::vector<std::vector<Digest>> edges;  // empty: as they were
    std::string open_bundle;                 // all of it when `bundle_filled`, else what is added
    bool bundle_filled = false;
    std::int64_t last_time_ns = 0;
  };
  // Returns when the rows hold all that was adopted. Called before entries are read, which is rare.
  using Settle = std::function<void()>;
  // kCorrupt or kIo when the rows cannot be read; what is wrong with one draft is in its result.
  // After it adopt() or abandon() follows.
  Result<Prepared> prepare(
      const RowSource& rows, std::span<const Submission> batch, std::int64_t now_ns,
      const Settle& settle = [] {});
  // Goes on from there. The commit need not be durable yet; if it never will be, the sequencer is
  // of no more use. Leaves changes, checkpoint and results in it.
  void adopt(Prepared& prepared);
  // Everything is as it was before.
  void abandon();

 private:
  class Batch;
  Status cover_ids(const RowSource& rows, std::uint64_t id_ms, const Settle& settle);
  Status trim(const RowSource& rows, const Settle& settle);

  std::string origin_;
  CompactRange range_;
  std::vector<std::vector<Digest>> edges_{1};  // level 0 stays empty
  std::string open_bundle_;
  std::vector<Seq> open_runs_;  // first events of the tail runs
  std::int64_t last_time_ns_ = 0;
  IdWindow ids_;
  TagTable tags_;
  EntryEncoder encoder_;  // kept for its memory
};

}  // namespace phantom
