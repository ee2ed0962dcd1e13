#include "ledger/verify_fold.h"

#include "events/encoding.h"
#include "ledger/layout.h"
#include "ledger/rows.h"

namespace phantom {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string tile_name(unsigned level, std::uint64_t n) {
  return "tile " + number(level) + "/" + number(n);
}

}  // namespace

std::optional<Failure> check_signatures(const SignatureTask& task) {
  const auto bad = [&](const std::string& why) {
    return Failure{"checkpoints", "the checkpoint over " + number(task.size) + " events " + why,
                   task.size - 1};
  };
  const auto note = parse_note(task.note);
  if (!note) return bad("is not a signed note: " + note.error().message);
  const auto missing = [&](const VerifierKey& key) {
    return bad("is not signed by " + key.name + ", the key in force");
  };
  for (const VerifierKey* key : {&task.log, &task.epoch}) {
    switch (check_note(task.note, *key)) {
      case NoteCheck::kGood:
        break;
      case NoteCheck::kUnknown:
        return missing(*key);
      case NoteCheck::kBad:
        return bad("has a wrong signature by " + key->name);
    }
  }
  if (note->signatures.size() != 2) return bad("has a signature nobody can check");
  return std::nullopt;
}

VerifyFold::VerifyFold(const StoreReader& rows, Checkpoint head)
    : rows_(rows),
      head_(std::move(head)),
      commit_cursor_(rows.cursor(std::string(1, rows::kCommit))) {}

Failure VerifyFold::entry_failure(std::string reason) const {
  return {"entries", "event " + number(size()) + ": " + std::move(reason), size()};
}

std::optional<Failure> VerifyFold::add(const EntryFacts& facts) {
  const Seq seq = size();
  if (seq > 0 && facts.time_ns <= last_time_ns_) {
    return entry_failure("its time is not after that of the event before it");
  }
  last_time_ns_ = facts.time_ns;
  if (facts.commit_first_seq != commit_first_seq_) {
    return Failure{"checkpoints",
                   "event " + number(seq) + " is of the commit that began at event " +
                       number(facts.commit_first_seq) + ", the checkpoints say it began at event " +
                       number(commit_first_seq_) + ": one is missing or was added",
                   seq};
  }
  if (const auto mark = marks_.find(seq); mark != marks_.end()) {
    mark->second.next_time_ns = facts.time_ns;
    if (seq == 0) mark->second.root = empty_root();
  }
  if (auto failure = link_tags(facts)) return failure;
  if (auto failure = take_keys(facts)) return failure;
  if (!facts.known_type) ++unknown_types_;
  ids_.push_back({facts.id, seq});
  if (auto failure = grow(facts.leaf)) return failure;
  if (const auto mark = marks_.find(size()); mark != marks_.end()) {
    mark->second.root = range_.root();
  }
  return check_commit();
}

std::optional<Failure> VerifyFold::link_tags(const EntryFacts& facts) {
  for (const TagFact& tag : facts.tags) {
    TagState& state = tags_[tag.name];
    if (tag.count != state.count + 1 || tag.prev_seq != state.last_seq) {
      return entry_failure("its link of tag " + tag.name + " says " + number(tag.count) +
                           " events, the one before at " + number(tag.prev_seq) + "; found " +
                           number(state.count + 1) + " and " + number(state.last_seq));
    }
    state = {size(), tag.count};
  }
  return std::nullopt;
}

std::optional<Failure> VerifyFold::take_keys(const EntryFacts& facts) {
  const bool created = facts.keys && facts.keys->log;
  if (created != (size() == 0)) {
    return entry_failure(created ? "a second ledger.created"
                                 : "the first event is not ledger.created");
  }
  // An announcement closes its commit: the new key signs from the next one on.
  if (next_epoch_key_) return entry_failure("an epoch was announced before it, in the same commit");
  if (!facts.keys) return std::nullopt;
  const KeyNews& news = *facts.keys;
  if (news.epoch != epoch_ + 1) {
    return entry_failure("it announces epoch " + number(news.epoch) + " after epoch " +
                         number(epoch_));
  }
  if (news.epoch_key.name != epoch_name(head_.origin, news.epoch)) {
    return entry_failure("it announces an epoch key under another name");
  }
  epoch_ = news.epoch;
  if (!created) {
    next_epoch_key_ = news.epoch_key;
    return std::nullopt;
  }
  if (news.origin != head_.origin || news.log->name != head_.origin) {
    return entry_failure("it creates the ledger " + news.origin + ", the newest checkpoint is of " +
                         head_.origin);
  }
  log_key_ = news.log;
  epoch_key_ = news.epoch_key;
  return std::nullopt;
}

std::optional<Failure> VerifyFold::grow(const Digest& leaf) {
  unsigned full_levels = 0;  // a leaf completes tiles of the lowest levels only
  range_.append(leaf, [&](unsigned height, std::uint64_t, const Digest& hash) {
    if (height % rows::kTileHeight != 0) return;
    const unsigned level = height / rows::kTileHeight;
    if (edges_.size() <= level) {
      edges_.resize(level + 1);
      tiles_.resize(level + 1);
      tile_cursors_.resize(level + 1);
    }
    edges_[level].push_back(hash);
    if (edges_[level].size() == rows::kTileWidth) full_levels = level + 1;
  });
  for (unsigned level = 0; level < full_levels; ++level) {
    if (auto failure = check_tile(level)) return failure;
    edges_[level].clear();
    ++tiles_[level];
  }
  return std::nullopt;
}

// The stored tile against the hashes worked out from the entries.
std::optional<Failure> VerifyFold::check_tile(unsigned level) {
  const std::uint64_t n = tiles_[level];
  std::unique_ptr<RowCursor>& cursor = tile_cursors_[level];
  if (!cursor) cursor = rows_.cursor(rows::tile(level, 0).substr(0, 2));
  const std::uint64_t span = std::uint64_t{1} << (rows::kTileHeight * (level + 1));
  const Seq first = n * span;
  if (!cursor->valid() || cursor->key() != rows::tile(level, n)) {
    if (Status status = cursor->status(); !status.ok()) return failure_of("tree", status.error());
    return Failure{"tree", tile_name(level, n) + " is missing", first};
  }
  if (cursor->value() != rows::tile_value(edges_[level])) {
    return Failure{"tree", tile_name(level, n) + " is not what its events hash to", first};
  }
  cursor->next();
  return std::nullopt;
}

std::optional<Failure> VerifyFold::check_commit() {
  RowCursor& cursor = *commit_cursor_;
  const auto bad = [&](const std::string& why) { return Failure{"checkpoints", why, size() - 1}; };
  if (!cursor.valid()) {
    if (Status status = cursor.status(); !status.ok()) {
      return failure_of("checkpoints", status.error());
    }
    return bad("no checkpoint covers event " + number(size() - 1));
  }
  const auto row_size = rows::number_of(cursor.key());
  if (!row_size || *row_size < size()) return bad("there is a commit row where none belongs");
  if (*row_size > size()) return std::nullopt;

  const std::string name = "the checkpoint over " + number(size()) + " events";
  auto parsed = parse_checkpoint(cursor.value());
  if (!parsed) return bad(name + ": " + parsed.error().message);
  const Checkpoint expected{head_.origin, size(), range_.root()};
  if (parsed->checkpoint.root != expected.root && parsed->checkpoint.size == size()) {
    return bad(name + " has another root than its events: one of them was changed");
  }
  const std::string text = expected.text();
  if (!parsed->note.starts_with(text) || parsed->note.rfind("\n\n") + 1 != text.size()) {
    return bad(name + " has another text than its events call for");
  }
  tasks_.push_back({size(), std::move(parsed->note), *log_key_, *epoch_key_});
  if (next_epoch_key_) epoch_key_ = std::exchange(next_epoch_key_, std::nullopt);
  ++commits_;
  commit_first_seq_ = size();
  cursor.next();
  return std::nullopt;
}

std::optional<Failure> VerifyFold::finish() {
  if (commit_cursor_->valid()) {
    return Failure{"checkpoints", "there is a checkpoint over events that are not there", size()};
  }
  const Failure extra{"rows", "there is a tile that no events belong to"};
  const auto first_tile = rows_.cursor(std::string(1, rows::kTile));
  if (first_tile->valid() && !rows::parse_tile(first_tile->key())) return extra;
  for (unsigned level = 0; level < edges_.size(); ++level) {
    // What an open tile of level 0 is made of is in the tail.
    if (level > 0 && !edges_[level].empty()) {
      if (auto failure = check_tile(level)) return failure;
    }
    std::unique_ptr<RowCursor>& cursor = tile_cursors_[level];
    if (!cursor) cursor = rows_.cursor(rows::tile(level, 0).substr(0, 2));
    if (cursor->valid()) return extra;
    if (Status status = cursor->status(); !status.ok()) return failure_of("tree", status.error());
  }
  const std::string above{rows::kTile, static_cast<char>(edges_.size())};
  if (rows_.cursor(std::string(1, rows::kTile), above)->valid()) return extra;
  return std::nullopt;
}

}  // namespace phantom
