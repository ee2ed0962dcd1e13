#include "ledger/sequencer.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/limits.h"
#include "ledger/rows.h"

#include <algorithm>
#include <map>

namespace phantom {
Result<std::optional<TagState>> read_tag(const RowSource& rows, std::string_view tag) {
  PH_ASSIGN(const auto row, rows.get(rows::tag(tag)));
  if (!row) return std::optional<TagState>();
  if (row->size() != 16)
    return Error{Code::kCorrupt, "tag row of " + std::string(tag) + " is damaged"};
  return std::optional<TagState>(
      TagState{get_be64(as_bytes(*row)), get_be64(as_bytes(*row).subspan(8))});
}

// One commit in the making.
class Sequencer::Batch {
 public:
  Batch(const Sequencer& from, const RowSource& rows, std::int64_t now_ns)
      : from_(from), rows_(rows), now_ns_(now_ns) {
    out_.range = from.range_;
    out_.edges = from.edges_;
    out_.last_time_ns = from.last_time_ns_;
  }

  Result<Receipt> add(const Submission& submission) {
    const Draft& draft = submission.draft;
    PH_TRY(check_draft(draft));
    PH_ASSIGN(const auto earlier, find_duplicate(draft));
    if (earlier) return *earlier;
    PH_TRY(check_conditions(draft));

    Sequencing sequencing;
    sequencing.seq = size();
    sequencing.commit_first_seq = from_.size();
    sequencing.time_ns = std::max(now_ns_, out_.last_time_ns + 1);
    sequencing.peer = submission.peer;
    for (const std::string& tag : draft.tags) {
      PH_ASSIGN(const std::optional<TagState> state, tag_state(tag));
      sequencing.tag_links.push_back(state ? Sequencing::TagLink{state->last_seq, state->count + 1}
                                           : Sequencing::TagLink{0, 1});
    }
    PH_ASSIGN(Bytes entry, encode_entry(draft, sequencing));
    // Read back what will be stored: nothing is signed that a reader would refuse.
    PH_ASSIGN(const schema::Entry* parsed, parse_entry(entry));
    PH_CHECK(parsed->seq() == sequencing.seq, "entry does not carry its number");

    for (std::size_t i = 0; i < draft.tags.size(); ++i) {
      tags_[draft.tags[i]] = TagState{sequencing.seq, sequencing.tag_links[i].count};
    }
    out_.last_time_ns = sequencing.time_ns;
    const Digest leaf = leaf_hash(entry);
    ids_[draft.id] = entries_.size();
    entries_.push_back({sequencing.seq, leaf, std::move(entry)});
    extend_tree(leaf);
    return Receipt{sequencing.seq, leaf, 0, Durability::kSynced};
  }

  Result<Prepared> finish(std::vector<Result<Receipt>> results) {
    for (const New& entry : entries_) {
      const auto id = event_id_of(*parse_entry(entry.bytes).value());
      out_.changes.puts.emplace_back(rows::id(id), rows::id_value(entry.seq));
    }
    for (const auto& [tag, state] : tags_) {
      out_.changes.puts.emplace_back(rows::tag(tag), rows::tag_value(state.last_seq, state.count));
    }
    PH_TRY(write_bundles());
    write_tiles();
    out_.added = entries_.size();
    out_.checkpoint = {from_.origin_, size(), out_.range.root()};
    for (auto& result : results) {
      if (result.ok()) result->checkpoint_size = size();
    }
    out_.results = std::move(results);
    return std::move(out_);
  }

 private:
  struct New {
    Seq seq;
    Digest leaf;
    Bytes bytes;
  };

  std::uint64_t size() const { return out_.range.size(); }

  // An event with this id that is there already. The same id with other content is a conflict.
  Result<std::optional<Receipt>> find_duplicate(const Draft& draft) {
    Bytes stored;
    Seq seq = 0;
    if (const auto it = ids_.find(draft.id); it != ids_.end()) {
      stored = entries_[it->second].bytes;
      seq = entries_[it->second].seq;
    } else {
      PH_ASSIGN(const auto row, rows_.get(rows::id(draft.id)));
      if (!row) return std::optional<Receipt>();
      if (row->size() != 8) return Error{Code::kCorrupt, "event id row is damaged"};
      seq = get_be64(as_bytes(*row));
      PH_ASSIGN(stored, read_entry(rows_, from_.size(), seq));
    }
    PH_ASSIGN(const schema::Entry* entry, parse_entry(stored));
    if (entry->type() != draft.type ||
        !std::equal(entry->payload()->begin(), entry->payload()->end(), draft.payload.begin(),
                    draft.payload.end())) {
      return Error{Code::kConflict,
                   "event id " + format_uuid(draft.id) + " was used before, for another event"};
    }
    return std::optional<Receipt>(Receipt{seq, leaf_hash(stored), 0, Durability::kDuplicate});
  }

  Result<std::optional<TagState>> tag_state(const std::string& tag) {
    if (const auto it = tags_.find(tag); it != tags_.end()) return std::optional(it->second);
    return read_tag(rows_, tag);
  }

  Status check_conditions(const Draft& draft) {
    for (const Condition& condition : draft.conditions) {
      PH_ASSIGN(const std::optional<TagState> state, tag_state(condition.tag));
      const std::optional<Seq> last = state ? std::optional(state->last_seq) : std::nullopt;
      if (last != condition.last_seq) {
        return Error{Code::kConflict,
                     "something else happened under " + condition.tag +
                         (last ? " at event " + std::to_string(*last) : ""),
                     "read it again, then retry"};
      }
    }
    return {};
  }

  void extend_tree(const Digest& leaf) {
    out_.range.append(leaf, [this](unsigned height, std::uint64_t index, const Digest& hash) {
      if (height % rows::kTileHeight != 0) return;
      const unsigned level = height / rows::kTileHeight;
      if (out_.edges.size() <= level) out_.edges.resize(level + 1);
      std::vector<Digest>& edge = out_.edges[level];
      if (edge.size() == rows::kTileWidth) edge.clear();
      edge.push_back(hash);
      if (edge.size() == rows::kTileWidth || level > 0) {
        dirty_[{level, index / rows::kTileWidth}] = rows::tile_value(edge);
      }
    });
    for (auto& edge : out_.edges) {
      if (edge.size() == rows::kTileWidth) edge.clear();
    }
  }

  void write_tiles() {
    for (auto& [key, value] : dirty_) {
      out_.changes.puts.emplace_back(rows::tile(key.first, key.second), std::move(value));
    }
  }

  // Full bundles become one row and their tail rows go; the rest stays in the tail.
  Status write_bundles() {
    const std::uint64_t full = size() / rows::kBundleEvents * rows::kBundleEvents;
    const Seq old_size = from_.size();
    for (std::uint64_t n = old_size / rows::kBundleEvents; (n + 1) * rows::kBundleEvents <= size();
         ++n) {
      std::string bundle;
      for (Seq seq = n * rows::kBundleEvents; seq < (n + 1) * rows::kBundleEvents; ++seq) {
        if (seq < old_size) {
          PH_ASSIGN(const Bytes entry, read_entry(rows_, old_size, seq));
          rows::append_to_bundle(bundle, entry);
          out_.changes.deletes.push_back(rows::tail(seq));
        } else {
          rows::append_to_bundle(bundle, entries_[seq - old_size].bytes);
        }
      }
      out_.changes.puts.emplace_back(rows::bundle(n), std::move(bundle));
    }
    for (const New& entry : entries_) {
      if (entry.seq >= full) {
        out_.changes.puts.emplace_back(rows::tail(entry.seq), std::string(as_text(entry.bytes)));
      }
    }
    return {};
  }

  const Sequencer& from_;
  const RowSource& rows_;
  std::int64_t now_ns_;
  Prepared out_;
  std::vector<New> entries_;
  std::map<EventId, std::size_t> ids_;
  std::map<std::string, TagState> tags_;
  std::map<std::pair<unsigned, std::uint64_t>, std::string> dirty_;
};

Sequencer Sequencer::empty(std::string origin) {
  Sequencer sequencer;
  sequencer.origin_ = std::move(origin);
  return sequencer;
}

Result<Sequencer> Sequencer::load(const RowSource& rows, const Checkpoint& head) {
  Sequencer out = empty(head.origin);
  std::vector<Digest> frontier;
  std::uint64_t index = 0;  // in leaves
  for (int height = 63; height >= 0; --height) {
    const std::uint64_t width = std::uint64_t{1} << height;
    if ((head.size & width) == 0) continue;
    PH_ASSIGN(frontier.emplace_back(),
              read_node(rows, head.size, static_cast<unsigned>(height), index >> height));
    index += width;
  }
  out.range_ = CompactRange(head.size, std::move(frontier));
  if (out.range_.root() != head.root) {
    return Error{Code::kCorrupt, "the stored tree does not give the root of the newest checkpoint",
                 "run 'phantom audit verify' and keep the directory as evidence"};
  }
  for (unsigned level = 0; level < 8 && (head.size >> (rows::kTileHeight * level)) != 0; ++level) {
    const std::uint64_t count = head.size >> (rows::kTileHeight * level);
    std::vector<Digest> edge;
    for (std::uint64_t i = count / rows::kTileWidth * rows::kTileWidth; i < count; ++i) {
      PH_ASSIGN(edge.emplace_back(), read_node(rows, head.size, rows::kTileHeight * level, i));
    }
    if (out.edges_.size() <= level) out.edges_.resize(level + 1);
    out.edges_[level] = std::move(edge);
  }
  PH_ASSIGN(const Bytes newest, read_entry(rows, head.size, head.size - 1));
  PH_ASSIGN(const schema::Entry* entry, parse_entry(newest));
  out.last_time_ns_ = entry->time_ns();
  return out;
}

Result<Sequencer::Prepared> Sequencer::prepare(const RowSource& rows,
                                               std::span<const Submission> batch,
                                               std::int64_t now_ns) const {
  Batch commit(*this, rows, now_ns);
  std::vector<Result<Receipt>> results;
  results.reserve(batch.size());
  for (const Submission& submission : batch) results.push_back(commit.add(submission));
  return commit.finish(std::move(results));
}

void Sequencer::adopt(Prepared&& prepared) {
  range_ = std::move(prepared.range);
  edges_ = std::move(prepared.edges);
  last_time_ns_ = prepared.last_time_ns;
}

}  // namespace phantom
