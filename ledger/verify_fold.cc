#include "ledger/verify_fold.h"

#include "events/encoding.h"
#include "events/tags.h"
#include "ledger/rows.h"
#include "ledger/verify_walk.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace phantom {
namespace {

constexpr std::size_t kPrintParts = 256;

std::string number(std::uint64_t value) { return std::to_string(value); }

Failure entry_failure(Seq seq, const std::string& reason) {
  return {"entries", "event " + number(seq) + ": " + reason, seq};
}

// Values that stand there more than once.
std::vector<std::uint64_t> repeats_in(const std::vector<std::uint64_t>& values) {
  std::size_t size = 64;
  while (size < 2 * values.size()) size *= 2;
  std::vector<std::uint64_t> table(size);  // 0 is a free place
  std::vector<std::uint64_t> repeats;
  bool zero = false;
  for (const std::uint64_t value : values) {
    if (value == 0) {
      if (std::exchange(zero, true)) repeats.push_back(0);
      continue;
    }
    std::size_t at = value & (size - 1);
    while (table[at] != 0 && table[at] != value) at = (at + 1) & (size - 1);
    if (table[at] == value) repeats.push_back(value);
    table[at] = value;
  }
  return repeats;
}

// The one about the earlier event.
void take_earlier(std::optional<Failure>& found, std::optional<Failure> other) {
  if (other && (!found || other->seq < found->seq)) found = std::move(other);
}

}  // namespace

VerifyFold::VerifyFold(const StoreReader& rows, const Checkpoint& head, const VerifyBase& base,
                       OutsideTag outside)
    : rows_(rows),
      head_(head),
      walk_from_(base.walk_from),
      first_kept_(base.first_kept),
      outside_(std::move(outside)),
      range_(base.range),
      prints_(kPrintParts),
      epochs_(base.walk_from == 0 ? EpochRules(head.origin)
                                  : EpochRules::resume(head.origin, *base.log_key, base.epoch)),
      last_time_ns_(base.last_time_ns) {
  const std::size_t part = (head.size - walk_from_) / kPrintParts;
  for (auto& prints : prints_) prints.reserve(part + part / 16 + 64);
}

std::optional<Failure> VerifyFold::add(const Span& span) {
  range_before_ = range_;
  std::optional<Failure> found;
  if (span.read > 0 && span.first > 0 && span.first_time_ns <= last_time_ns_) {
    take_earlier(found,
                 entry_failure(span.first, "its time is not after that of the event before it"));
  }
  if (span.read > 0) last_time_ns_ = span.last_time_ns;
  take_earlier(found, link_tags(span));
  take_earlier(found, take_keys(span));
  take_earlier(found, grow(span));
  for (const std::uint64_t print : span.id_prints) {
    prints_[static_cast<std::size_t>(print >> 56)].push_back(print);
  }
  commits_ += span.commits;
  unknown_types_ += span.unknown_types;
  oldest_id_ms_ = std::min(oldest_id_ms_, span.oldest_id_ms);
  return found;
}

std::optional<Failure> VerifyFold::link_tags(const Span& span) {
  for (const SpanTag& tag : span.tags.all()) {
    const auto [it, fresh] = tags_.try_emplace(tag.name);
    TagState& state = it->second;
    // What was removed cannot be asked for its tags; those of state tags were kept.
    const bool removed = fresh && walk_from_ == 0 && tag.prev_count > 0 &&
                         tag.prev_seq < first_kept_ && !is_state_tag(tag.name);
    if (removed) {
      removed_links_[tag.name] = {tag.first_seq, {tag.prev_seq, tag.prev_count}};
      state = {tag.last_seq, tag.last_count};
      continue;
    }
    if (fresh && walk_from_ > 0 && (tag.prev_count > 0 || tag.prev_seq != 0)) {
      if (auto failure = outside_(tag)) return failure;
    } else if (tag.prev_count != state.count || tag.prev_seq != state.last_seq) {
      return entry_failure(tag.first_seq,
                           "its link of tag " + tag.name + " says " + number(tag.prev_count + 1) +
                               " events, the one before at " + number(tag.prev_seq) + "; found " +
                               number(state.count + 1) + " and " + number(state.last_seq));
    }
    state = {tag.last_seq, tag.last_count};
  }
  return std::nullopt;
}

std::optional<Failure> VerifyFold::take_keys(const Span& span) {
  if (span.first == 0 && span.count > 0 && (span.keys.empty() || span.keys[0].first != 0)) {
    return entry_failure(0, "the first event is not ledger.created");
  }
  for (std::size_t i = 0; i < span.keys.size(); ++i) {
    const auto& [seq, news] = span.keys[i];
    if (auto wrong = epochs_.take(news, seq, span.key_commits[i])) {
      return entry_failure(seq, *wrong);
    }
  }
  return std::nullopt;
}

std::optional<Failure> VerifyFold::grow(const Span& span) {
  std::optional<Failure> found;
  const CompactRange::Completed completed = [&](unsigned height, std::uint64_t index,
                                                const Digest& hash) {
    if (height % rows::kTileHeight != 0 || height < kSpanHeight) return;
    const unsigned level = height / rows::kTileHeight;
    if (edges_.size() <= level) edges_.resize(level + 1);
    std::vector<Digest>& edge = edges_[level];
    edge.push_back(hash);
    if (edge.size() == rows::kTileWidth && !found) {
      found = check_tile(level, index / rows::kTileWidth, edge);
    }
    if (edge.size() == rows::kTileWidth) edge.clear();
  };
  // The biggest subtrees there are, in order.
  std::uint64_t done = 0;
  while (done < span.count) {
    const auto height = static_cast<unsigned>(std::bit_width(span.count - done) - 1);
    range_.append(span.nodes[height][done >> height], height, completed);
    done += std::uint64_t{1} << height;
  }
  return found;
}

CommitContext VerifyFold::context(const Span& span) const {
  CommitContext context;
  context.range = range_before_;
  if (epochs_.log_key()) context.log_key = *epochs_.log_key();
  for (const EpochRules::Epoch& epoch : epochs_.epochs()) {
    const bool over = epoch.closing_seq && *epoch.closing_seq < span.first;
    if (!over && epoch.first_seq <= span.first + span.count) context.epochs.push_back(epoch);
  }
  return context;
}

// The stored tile against the hashes worked out from the entries, which may be its end only when
// the walk began in it.
std::optional<Failure> VerifyFold::check_tile(unsigned level, std::uint64_t n,
                                              const std::vector<Digest>& hashes) const {
  const std::string name = "tile " + number(level) + "/" + number(n);
  const Seq last = std::min((n + 1) << (rows::kTileHeight * (level + 1)), head_.size) - 1;
  const auto row = rows_.get(rows::tile(level, n));
  if (!row) return failure_of("tree", row.error());
  if (!*row) return Failure{"tree", name + " is missing", last};
  const std::string expected = rows::tile_value(hashes);
  const bool same = walk_from_ == 0 ? **row == expected : (*row)->ends_with(expected);
  if (!same) return Failure{"tree", name + " is not what its events hash to", last};
  return std::nullopt;
}

std::optional<Failure> VerifyFold::finish() {
  std::uint64_t tiles = 0;  // above level 0 that there must be
  for (unsigned level = 1; level < 8; ++level) {
    const std::uint64_t hashes = range_.size() >> (rows::kTileHeight * level);
    tiles += (hashes + rows::kTileWidth - 1) / rows::kTileWidth;
    if (level >= edges_.size() || edges_[level].empty()) continue;
    if (auto failure = check_tile(level, hashes / rows::kTileWidth, edges_[level])) return failure;
  }
  std::uint64_t found = 0;
  const auto cursor = rows_.cursor(std::string(1, rows::kTile));
  for (; cursor->valid(); cursor->next()) {
    const auto key = rows::parse_tile(cursor->key());
    const bool known =
        key && key->level >= 1 && key->level < 8 &&
        (range_.size() >> (rows::kTileHeight * key->level)) > key->n * rows::kTileWidth;
    if (!known) return Failure{"rows", "there is a tile that no events belong to"};
    ++found;
  }
  if (Status status = cursor->status(); !status.ok()) return failure_of("tree", status.error());
  if (found != tiles) return Failure{"tree", "a tile is missing"};
  return std::nullopt;
}

std::optional<Failure> VerifyFold::check_ids(unsigned threads) {
  std::mutex mutex;
  std::vector<std::uint64_t> repeated;
  parallel_for(prints_.size(), threads, [&](std::size_t part) {
    for (const std::uint64_t print : repeats_in(prints_[part])) {
      const std::lock_guard lock(mutex);
      repeated.push_back(print);
    }
  });
  std::optional<Failure> found;
  for (const std::uint64_t print : repeated) take_earlier(found, find_repeat(print));
  return found;
}

// Reads all entries again; only for a ledger in which two ids look alike.
std::optional<Failure> VerifyFold::find_repeat(std::uint64_t print) const {
  std::vector<std::pair<EventId, Seq>> seen;
  EntryReader reader;
  for (Seq next = std::max(walk_from_, first_kept_); next < size();) {
    const auto row = read_entry_row(rows_, size(), next);
    if (!row) return failure_of("ids", row.error());
    const auto entries = rows::split_entries(as_bytes(row->bytes));
    if (!entries || entries->empty()) return Failure{"ids", "a row does not split", next};
    for (const ByteView entry : *entries) {
      const auto facts = reader.read(entry, next);
      if (!facts) return failure_of("ids", facts.error());
      if (id_print((*facts)->id) == print) {
        for (const auto& [id, seq] : seen) {
          if (id != (*facts)->id) continue;
          return Failure{
              "ids",
              "event id " + format_uuid(id) + " was recorded twice, first as event " + number(seq),
              next};
        }
        seen.emplace_back((*facts)->id, next);
      }
      ++next;
    }
  }
  return std::nullopt;
}

}  // namespace phantom
