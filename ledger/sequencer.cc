#include "ledger/sequencer.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/limits.h"
#include "events/tree_hash.h"
#include "ledger/rows.h"

#include <algorithm>
#include <map>

namespace phantom {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
// Clocks of processes on one machine are one clock; it may be set back between two looks.
constexpr std::uint64_t kIdAheadMsMax = 1'000;
// Events whose ids are kept in memory, how many there may be before the oldest are let go, and how
// far back an old id is looked for.
constexpr std::uint64_t kIdsKept = 16'384;
constexpr std::uint64_t kIdsTrimmed = 4 * kIdsKept;
constexpr std::uint64_t kIdsMax = 262'144;

Error too_old() {
  return {Code::kInvalid, "the event's id is too old to tell it from one that was recorded",
          "look for it with 'phantom audit show' before sending it again"};
}

}  // namespace

// One commit in the making.
class Sequencer::Batch {
 public:
  Batch(Sequencer& from, const RowSource& rows, std::int64_t now_ns, const Settle& settle)
      : from_(from), rows_(rows), now_ns_(now_ns), settle_(settle) {
    out_.range = from.range_;
    out_.last_time_ns = from.last_time_ns_;
  }

  Result<Receipt> add(const Submission& submission) {
    const Draft& draft = submission.draft;
    const std::uint64_t id_ms = event_id_ms(draft.id);
    if (id_ms > static_cast<std::uint64_t>(now_ns_ / kNsPerMs) + kIdAheadMsMax) {
      return Error{Code::kInvalid,
                   "event id " + format_uuid(draft.id) + " was made after this machine's clock",
                   "the clock was set back: run the command again"};
    }
    // An id that is younger than every event stands at none of them.
    if (static_cast<std::int64_t>(id_ms) * kNsPerMs <= out_.last_time_ns) {
      PH_TRY(from_.cover_ids(rows_, id_ms, settle_));
      PH_ASSIGN(const auto earlier, find_duplicate(draft));
      if (earlier) return *earlier;
    }
    PH_TRY(check_conditions(draft));

    sequencing_.seq = from_.size() + ends_.size();
    sequencing_.commit_first_seq = from_.size();
    sequencing_.time_ns =
        std::max({now_ns_, out_.last_time_ns + 1, static_cast<std::int64_t>(id_ms) * kNsPerMs});
    sequencing_.peer = submission.peer;
    sequencing_.tag_links.clear();
    tags_.clear();
    for (const std::string& tag : draft.tags) {
      PH_ASSIGN(TagTable::Node* const node, from_.tags_.find(rows_, tag));
      tags_.push_back(node);
      const TagState& state = node->second.state;
      sequencing_.tag_links.push_back({state.last_seq, state.count + 1});
    }
    PH_ASSIGN(const ByteView entry, from_.encoder_.encode(draft, sequencing_));
    // Read back what will be stored: nothing is signed that a reader would refuse.
    PH_ASSIGN(const schema::Entry* parsed, parse_entry(entry));
    PH_CHECK(parsed->seq() == sequencing_.seq, "entry does not carry its number");

    for (TagTable::Node* tag : tags_) from_.tags_.add(*tag, sequencing_.seq);
    from_.ids_.push_back(draft.id);
    out_.last_time_ns = sequencing_.time_ns;
    rows::append_to_bundle(entries_, entry);
    ends_.push_back(entries_.size());
    return Receipt{sequencing_.seq, {}, 0, Durability::kSynced};
  }

  Result<Prepared> finish(std::vector<Result<Receipt>> results) {
    out_.added = ends_.size();
    const std::vector<Digest> leaves = hash_entries();
    from_.tags_.write(out_.changes);
    grow(leaves);
    write_entries();
    for (const auto& [key, value] : tiles_) {
      out_.changes.puts.emplace_back(rows::tile(key.first, key.second), value);
    }
    out_.checkpoint = {from_.origin_, out_.range.size(), out_.range.root()};
    for (auto& result : results) {
      if (!result.ok()) continue;
      result->checkpoint_size = out_.checkpoint.size;
      if (result->seq >= from_.size()) result->leaf_hash = leaves[result->seq - from_.size()];
    }
    out_.results = std::move(results);
    return std::move(out_);
  }

 private:
  // Entry `index` of this commit.
  ByteView entry(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return as_bytes(entries_).subspan(begin + 2, ends_[index] - begin - 2);
  }

  std::vector<Digest> hash_entries() const {
    std::vector<ByteView> views;
    views.reserve(ends_.size());
    for (std::size_t i = 0; i < ends_.size(); ++i) views.push_back(entry(i));
    std::vector<Digest> leaves(views.size());
    leaf_hashes(views, leaves);
    return leaves;
  }

  // An event with this id that is there already. The same id with other content is a conflict.
  Result<std::optional<Receipt>> find_duplicate(const Draft& draft) {
    std::optional<Receipt> found;
    Status status;
    from_.ids_.candidates(draft.id, [&](Seq seq) {
      auto match = match_duplicate(draft, seq);
      if (!match.ok()) {
        status = std::move(match.error());
        return true;
      }
      found = *match;
      return found.has_value();
    });
    PH_TRY(std::move(status));
    return found;
  }

  Result<std::optional<Receipt>> match_duplicate(const Draft& draft, Seq seq) {
    Bytes stored;
    if (seq >= from_.size()) {
      stored = to_bytes(entry(seq - from_.size()));
    } else {
      settle_();
      PH_ASSIGN(stored, read_entry(rows_, from_.size(), seq));
    }
    PH_ASSIGN(const schema::Entry* event, parse_entry(stored));
    if (event_id_of(*event) != draft.id) return std::optional<Receipt>();
    if (event->type() != draft.type ||
        !std::equal(event->payload()->begin(), event->payload()->end(), draft.payload.begin(),
                    draft.payload.end())) {
      return Error{Code::kConflict,
                   "event id " + format_uuid(draft.id) + " was used before, for another event"};
    }
    return std::optional<Receipt>(Receipt{seq, leaf_hash(stored), 0, Durability::kDuplicate});
  }

  Status check_conditions(const Draft& draft) {
    for (const Condition& condition : draft.conditions) {
      PH_ASSIGN(const TagTable::Node* node, from_.tags_.find(rows_, condition.tag));
      const TagState& state = node->second.state;
      const std::optional<Seq> last =
          state.count > 0 ? std::optional(state.last_seq) : std::nullopt;
      if (last != condition.last_seq) {
        return Error{Code::kConflict,
                     "something else happened under " + condition.tag +
                         (last ? " at event " + std::to_string(*last) : ""),
                     "read it again, then retry"};
      }
    }
    return {};
  }

  // Whole bundles are hashed at once, what is left of them leaf by leaf.
  void grow(const std::vector<Digest>& leaves) {
    const CompactRange::Completed completed = [this](unsigned height, std::uint64_t index,
                                                     const Digest& hash) {
      if (height != 0 && height % rows::kTileHeight == 0) add_to_tile(height, index, hash);
    };
    std::span<const Digest> rest(leaves);
    while (!rest.empty()) {
      const bool whole =
          out_.range.size() % rows::kBundleEvents == 0 && rest.size() >= rows::kBundleEvents;
      if (whole) {
        out_.range.append(subtree_root(rest.first(rows::kBundleEvents)), rows::kTileHeight,
                          completed);
        rest = rest.subspan(rows::kBundleEvents);
      } else {
        out_.range.append(rest.front(), 0, completed);
        rest = rest.subspan(1);
      }
    }
  }

  void add_to_tile(unsigned height, std::uint64_t index, const Digest& hash) {
    if (out_.edges.empty()) out_.edges = from_.edges_;
    const unsigned level = height / rows::kTileHeight;
    if (out_.edges.size() <= level) out_.edges.resize(level + 1);
    std::vector<Digest>& edge = out_.edges[level];
    edge.push_back(hash);
    tiles_[{level, index / rows::kTileWidth}] = rows::tile_value(edge);
    if (edge.size() == rows::kTileWidth) edge.clear();
  }

  // Full bundles become one row each and the tail runs they were made of go; what is left over is
  // the tail run of this commit.
  void write_entries() {
    const Seq old_size = from_.size();
    const Seq full = rows::open_bundle(out_.range.size());
    std::size_t begin = 0;
    for (Seq first = rows::open_bundle(old_size); first < full; first += rows::kBundleEvents) {
      const std::size_t end = ends_[first + rows::kBundleEvents - old_size - 1];
      std::string bundle;
      bundle.reserve(from_.open_bundle_.size() + end - begin);
      if (first < old_size) bundle = from_.open_bundle_;
      bundle.append(entries_, begin, end - begin);
      out_.changes.puts.emplace_back(rows::bundle(first / rows::kBundleEvents), std::move(bundle));
      begin = end;
    }
    out_.bundle_filled = full > old_size;
    if (out_.bundle_filled) {
      for (const Seq first : from_.open_runs_) out_.changes.deletes.push_back(rows::tail(first));
    }
    out_.open_bundle = entries_.substr(begin);
    if (!out_.open_bundle.empty()) {
      out_.changes.puts.emplace_back(rows::tail(std::max(full, old_size)), out_.open_bundle);
    }
  }

  Sequencer& from_;
  const RowSource& rows_;
  std::int64_t now_ns_;
  const Settle& settle_;
  Prepared out_;
  Sequencing sequencing_;              // of the draft at hand
  std::vector<TagTable::Node*> tags_;  // the same
  std::string entries_;                // of this commit, in the form of a bundle
  std::vector<std::size_t> ends_;      // where each ends
  std::map<std::pair<unsigned, std::uint64_t>, std::string> tiles_;
};

Sequencer Sequencer::empty(std::string origin) {
  Sequencer sequencer;
  sequencer.origin_ = std::move(origin);
  return sequencer;
}

Result<Sequencer> Sequencer::load(const RowSource& rows, const Checkpoint& head) {
  Sequencer out = empty(head.origin);
  const Seq open = rows::open_bundle(head.size);
  std::vector<Digest> leaves;
  for (Seq next = open; next < head.size;) {
    PH_ASSIGN(const EntryRow run, read_entry_row(rows, head.size, next));
    const auto entries = rows::split_entries(as_bytes(run.bytes));
    if (run.first != next || !entries || entries->empty() || entries->size() > head.size - next) {
      return Error{Code::kCorrupt, "the newest entries do not split into events"};
    }
    const std::size_t before = leaves.size();
    leaves.resize(before + entries->size());
    leaf_hashes(*entries, std::span(leaves).subspan(before));
    out.open_bundle_ += run.bytes;
    out.open_runs_.push_back(next);
    next += entries->size();
  }
  // The tree, from the hashes of its open tiles, biggest subtrees first.
  for (unsigned level = 7; level > 0; --level) {
    const std::uint64_t count = head.size >> (rows::kTileHeight * level);
    if (count == 0) continue;
    if (out.edges_.size() <= level) out.edges_.resize(level + 1);
    for (std::uint64_t i = count / rows::kTileWidth * rows::kTileWidth; i < count; ++i) {
      PH_ASSIGN(const Digest hash, read_node(rows, head.size, rows::kTileHeight * level, i));
      out.edges_[level].push_back(hash);
      out.range_.append(hash, rows::kTileHeight * level);
    }
  }
  for (const Digest& leaf : leaves) out.range_.append(leaf);
  if (out.range_.size() != head.size || out.range_.root() != head.root) {
    return Error{Code::kCorrupt, "the stored tree does not give the root of the newest checkpoint",
                 "run 'phantom audit verify' and keep the directory as evidence"};
  }
  PH_ASSIGN(const Bytes newest, read_entry(rows, head.size, head.size - 1));
  PH_ASSIGN(const schema::Entry* entry, parse_entry(newest));
  out.last_time_ns_ = entry->time_ns();
  out.ids_ = IdWindow(head.size, out.last_time_ns_);
  return out;
}

// Lets the window of ids reach back to every event that could have an id of that time.
Status Sequencer::cover_ids(const RowSource& rows, std::uint64_t id_ms, const Settle& settle) {
  while (!ids_.covers(id_ms)) {
    settle();
    if (ids_.count() >= kIdsMax) {
      return too_old();
    }
    auto read = read_entry_row(rows, size(), ids_.from() - 1);
    if (!read.ok() && read.error().code == Code::kNotFound) return too_old();
    if (!read.ok()) return std::move(read.error());
    const EntryRow row = std::move(*read);
    const auto entries = rows::split_entries(as_bytes(row.bytes));
    if (!entries || entries->size() < ids_.from() - row.first) {
      return Error{Code::kCorrupt, "the row of event " + std::to_string(row.first) + " is damaged"};
    }
    std::vector<EventId> ids(ids_.from() - row.first);
    std::int64_t before_ns = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Bytes bytes = to_bytes((*entries)[i]);
      PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
      ids[i] = event_id_of(*entry);
      // An event is later than the one before it, of which nothing else is known once it is pruned.
      if (i == 0) before_ns = entry->time_ns() - 1;
    }
    if (row.first > 0) {
      const auto before = read_entry(rows, size(), row.first - 1);
      if (before.ok()) {
        PH_ASSIGN(const schema::Entry* entry, parse_entry(*before));
        before_ns = entry->time_ns();
      } else if (before.error().code != Code::kNotFound) {
        return before.error();
      }
    }
    ids_.push_front(ids, before_ns);
  }
  return {};
}

// Lets go of what a writer that lives for weeks need not remember.
Status Sequencer::trim(const RowSource& rows, const Settle& settle) {
  if (tags_.is_crowded()) {
    settle();
    tags_.clear();
  }
  if (ids_.count() <= kIdsTrimmed) return {};
  settle();
  const Seq from = size() - kIdsKept;
  PH_ASSIGN(const Bytes before, read_entry(rows, size(), from - 1));
  PH_ASSIGN(const schema::Entry* entry, parse_entry(before));
  ids_.forget_before(from, entry->time_ns());
  return {};
}

Result<Sequencer::Prepared> Sequencer::prepare(const RowSource& rows,
                                               std::span<const Submission> batch,
                                               std::int64_t now_ns, const Settle& settle) {
  PH_TRY(trim(rows, settle));
  Batch commit(*this, rows, now_ns, settle);
  std::vector<Result<Receipt>> results;
  results.reserve(batch.size());
  for (const Submission& submission : batch) results.push_back(commit.add(submission));
  return commit.finish(std::move(results));
}

void Sequencer::adopt(Prepared& prepared) {
  const Seq old_size = size();
  range_ = std::move(prepared.range);
  if (!prepared.edges.empty()) edges_ = std::move(prepared.edges);
  if (prepared.bundle_filled) {
    open_bundle_.clear();
    open_runs_.clear();
  }
  if (!prepared.open_bundle.empty()) {
    open_bundle_ += prepared.open_bundle;
    open_runs_.push_back(std::max(old_size, rows::open_bundle(size())));
  }
  last_time_ns_ = prepared.last_time_ns;
  tags_.keep();
}

void Sequencer::abandon() {
  tags_.take_back();
  ids_.truncate(size());
}

}  // namespace phantom
