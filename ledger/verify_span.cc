#include "ledger/verify_span.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/tags.h"
#include "events/tree_hash.h"
#include "ledger/id_window.h"
#include "ledger/rows.h"

#include <algorithm>
#include <cstring>

namespace phantom {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::uint64_t mix(std::uint64_t value) {
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93;
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93;
  return value ^ (value >> 32);
}

// A quick hash for a table in memory; a poor one costs time and nothing else.
std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = name.size() + 1;
  while (name.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, name.data(), 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
    name.remove_prefix(8);
  }
  std::uint64_t word = 0;
  std::memcpy(&word, name.data(), name.size());
  return mix(hash ^ word);
}

// The rows that hold the entries of a span, in order.
class SpanRows {
 public:
  // `first` is where the entries of the span begin.
  SpanRows(const StoreReader& rows, Seq first, Seq end, std::uint64_t size)
      : open_(rows::open_bundle(size)),
        end_(end),
        next_(first),
        bundles_(
            rows.cursor(std::string(1, rows::kBundle), rows::bundle(first / rows::kBundleEvents))),
        tail_(end_ == size ? rows.cursor(std::string(1, rows::kTail)) : nullptr),
        last_(end_ == size) {}

  bool done() const { return next_ == end_; }
  Seq next() const { return next_; }

  // The row that begins with event next(), split.
  std::optional<Failure> take(std::vector<ByteView>& entries) {
    const bool bundle = next_ < open_;
    cursor_ = bundle ? bundles_.get() : tail_.get();
    const std::string key = bundle ? rows::bundle(next_ / rows::kBundleEvents) : rows::tail(next_);
    const std::string what =
        bundle ? "bundle " + number(next_ / rows::kBundleEvents) : "event " + number(next_);
    if (!cursor_->valid() || cursor_->key() != key) {
      if (Status status = cursor_->status(); !status.ok()) {
        return failure_of("entries", status.error());
      }
      if (cursor_->valid() && cursor_->key() < key) {
        return Failure{"rows", "there is an entry where none belongs", next_};
      }
      return Failure{"entries", what + " is missing", next_};
    }
    auto split = rows::split_entries(as_bytes(cursor_->value()));
    const std::uint64_t most = bundle ? rows::kBundleEvents : end_ - next_;
    const bool fits = split && !split->empty() && split->size() <= most &&
                      (!bundle || split->size() == rows::kBundleEvents);
    if (!fits) {
      return Failure{"entries", what + ": its row does not split into its entries", next_};
    }
    entries = std::move(*split);
    return std::nullopt;
  }

  void advance(std::size_t entries) {
    next_ += entries;
    cursor_->next();
  }

  // After the last row of the ledger nothing may follow.
  std::optional<Failure> check_end() const {
    if (!last_) return std::nullopt;
    for (const RowCursor* cursor : {bundles_.get(), tail_.get()}) {
      if (cursor->valid()) {
        return Failure{"rows", "there are entries after the newest checkpoint or in two places"};
      }
      if (Status status = cursor->status(); !status.ok()) {
        return failure_of("entries", status.error());
      }
    }
    return std::nullopt;
  }

 private:
  Seq open_;
  Seq end_;
  Seq next_;
  std::unique_ptr<RowCursor> bundles_;
  std::unique_ptr<RowCursor> tail_;
  bool last_;
  RowCursor* cursor_ = nullptr;
};

// Where commits begin, from the keys of the commit rows.
class CommitStarts {
 public:
  static Result<CommitStarts> open(const StoreReader& rows, Seq first) {
    CommitStarts starts;
    PH_ASSIGN(const auto before, rows.floor(rows::commit(first)));
    if (before) starts.start_ = rows::number_of(before->first).value_or(0);
    starts.cursor_ = rows.cursor(std::string(1, rows::kCommit), rows::commit(first + 1));
    return starts;
  }

  // First event of the commit that holds event `seq`; called with every event in order.
  Result<Seq> of(Seq seq) {
    if (end_ && *end_ > seq) return start_;
    if (end_) {
      start_ = *end_;
      cursor_->next();
    }
    if (!cursor_->valid()) {
      PH_TRY(cursor_->status());
      return Error{Code::kCorrupt, "no checkpoint covers event " + number(seq)};
    }
    end_ = rows::number_of(cursor_->key());
    if (!end_ || *end_ <= seq) {
      return Error{Code::kCorrupt, "there is a commit row where none belongs"};
    }
    return start_;
  }
  // End of the commit that holds the event last asked for.
  std::uint64_t end() const { return end_.value_or(0); }

 private:
  Seq start_ = 0;
  std::optional<std::uint64_t> end_;
  std::unique_ptr<RowCursor> cursor_;
};

class SpanReader {
 public:
  SpanReader(const StoreReader& rows, Seq first, std::uint64_t size, Seq first_kept)
      : rows_(rows),
        size_(size),
        end_(std::min(first + kSpanEvents, size)),
        entries_from_(std::clamp(first_kept, first, end_)),
        source_(rows, entries_from_, end_, size) {
    span_.first = first;
    const std::size_t most = std::min(kSpanEvents, size - first);
    span_.nodes.resize(1);
    span_.nodes[0].reserve(most);
    span_.id_prints.reserve(most);
  }

  Span run() {
    auto failure = read_removed();
    if (!failure) failure = read_rows();
    hash_up();
    if (!failure) failure = source_.check_end();
    auto tile = check_tile();
    if (tile && (!failure || tile->seq < failure->seq)) failure = std::move(tile);
    span_.failure = std::move(failure);
    return std::move(span_);
  }

 private:
  Failure entry_failure(Seq seq, const std::string& reason) const {
    return {"entries", "event " + number(seq) + ": " + reason, seq};
  }

  // The hashes of removed events, and of them the entries that were kept.
  std::optional<Failure> read_removed() {
    if (entries_from_ == span_.first) return std::nullopt;
    const std::uint64_t first_bundle = span_.first / rows::kBundleEvents;
    const auto bundles = rows_.cursor(std::string(1, rows::kBundle), rows::bundle(first_bundle));
    if (bundles->valid() && bundles->key() < rows::bundle(entries_from_ / rows::kBundleEvents)) {
      return Failure{"rows", "there is a bundle whose events were removed", span_.first};
    }
    // From the very first row of the kind on, so that a malformed one is met.
    const auto from = [&](const std::string& key) {
      return span_.first == 0 ? std::string() : key;
    };
    const auto leaves =
        rows_.cursor(std::string(1, rows::kLeaves), from(rows::leaves(first_bundle)));
    const auto kept = rows_.cursor(std::string(1, rows::kKept), from(rows::kept(span_.first)));
    for (Seq first = span_.first; first < entries_from_; first += rows::kBundleEvents) {
      if (auto failure = read_leaves(*leaves, first)) return failure;
      if (auto failure = read_kept(*kept, first + rows::kBundleEvents)) return failure;
      span_.count += rows::kBundleEvents;
    }
    for (const RowCursor* cursor : {bundles.get(), leaves.get(), kept.get()}) {
      if (Status status = cursor->status(); !status.ok()) {
        return failure_of("entries", status.error());
      }
    }
    if (entries_from_ < end_ && (leaves->valid() || kept->valid())) {
      return Failure{"rows", "there is a row of removed events behind them", entries_from_};
    }
    return std::nullopt;
  }

  std::optional<Failure> read_leaves(RowCursor& leaves, Seq first) {
    const std::uint64_t n = first / rows::kBundleEvents;
    if (!leaves.valid() || leaves.key() != rows::leaves(n)) {
      return Failure{"entries", "the hashes of removed bundle " + number(n) + " are missing",
                     first};
    }
    const ByteView bytes = as_bytes(leaves.value());
    if (bytes.size() != rows::kBundleEvents * sizeof(Digest)) {
      return Failure{"entries",
                     "the hashes of removed bundle " + number(n) + " have another length", first};
    }
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(Digest)) {
      const ByteView hash = bytes.subspan(at, sizeof(Digest));
      std::copy(hash.begin(), hash.end(), span_.nodes[0].emplace_back().begin());
    }
    leaves.next();
    return std::nullopt;
  }

  // Kept entries before event `end`, whose hashes are known by now.
  std::optional<Failure> read_kept(RowCursor& kept, Seq end) {
    for (; kept.valid(); kept.next()) {
      const auto seq = rows::number_of(kept.key());
      if (!seq || *seq < span_.first) {
        return Failure{"rows", "there is a kept entry where none belongs", span_.first};
      }
      if (*seq >= end) return std::nullopt;
      const ByteView entry = as_bytes(kept.value());
      if (leaf_hash(entry) != span_.nodes[0][*seq - span_.first]) {
        return entry_failure(*seq, "the kept entry is not what its hash was made of");
      }
      if (auto failure = add_kept(entry, *seq)) return failure;
    }
    return std::nullopt;
  }

  std::optional<Failure> add_kept(ByteView entry, Seq seq) {
    const auto read = reader_.read(entry, seq);
    if (!read) {
      Failure failure = failure_of("entries", read.error());
      failure.reason.insert(0, "event " + number(seq) + ": ");
      failure.seq = seq;
      return failure;
    }
    const EntryFacts& facts = **read;
    if (auto failure = take_time(facts, seq)) return failure;
    bool state = false;
    for (std::size_t i = 0; i < facts.tags.size(); ++i) {
      if (!is_state_tag(facts.tags[i].name)) continue;
      state = true;
      if (auto failure = take_tag(facts.tags[i], i, seq)) return failure;
    }
    if (!state) return entry_failure(seq, "it is kept and has no tag to be kept for");
    take_rest(facts, seq);
    return std::nullopt;
  }

  std::optional<Failure> take_time(const EntryFacts& facts, Seq seq) {
    if (span_.read > 0 && facts.time_ns <= span_.last_time_ns) {
      return entry_failure(seq, "its time is not after that of the event before it");
    }
    if (span_.read++ == 0) span_.first_time_ns = facts.time_ns;
    span_.last_time_ns = facts.time_ns;
    return std::nullopt;
  }

  std::optional<Failure> take_tag(const TagFact& tag, std::size_t place, Seq seq) {
    const SpanTag* known = nullptr;
    if (span_.tags.add(tag, place, seq, known)) return std::nullopt;
    return entry_failure(seq, tag_reason(tag, known->last_count, known->last_seq));
  }

  void take_rest(const EntryFacts& facts, Seq seq) {
    if (facts.keys) {
      span_.keys.emplace_back(seq, *facts.keys);
      span_.key_commits.push_back(facts.commit_first_seq);
    }
    if (!facts.known_type) ++span_.unknown_types;
  }

  std::optional<Failure> read_rows() {
    if (entries_from_ == end_) return std::nullopt;
    auto starts = CommitStarts::open(rows_, entries_from_);
    if (!starts) return failure_of("checkpoints", starts.error());
    std::vector<ByteView> entries;
    while (!source_.done()) {
      if (auto failure = source_.take(entries)) return failure;
      const Seq first = source_.next();
      std::optional<Failure> failure;
      std::size_t good = 0;
      for (; good < entries.size() && !failure; ++good) {
        failure = add(entries[good], first + good, first, *starts);
      }
      if (failure) --good;
      const std::size_t before = span_.nodes[0].size();
      span_.nodes[0].resize(before + good);
      leaf_hashes(std::span(entries).first(good), std::span(span_.nodes[0]).subspan(before));
      span_.count += good;
      if (failure) return failure;
      source_.advance(entries.size());
    }
    return std::nullopt;
  }

  std::optional<Failure> add(ByteView entry, Seq seq, Seq row_first, CommitStarts& starts) {
    const auto read = reader_.read(entry, seq);
    if (!read) {
      Failure failure = failure_of("entries", read.error());
      failure.reason.insert(0, "event " + number(seq) + ": ");
      failure.seq = seq;
      return failure;
    }
    const EntryFacts& facts = **read;
    if (auto failure = take_time(facts, seq)) return failure;

    const auto start = starts.of(seq);
    if (!start) {
      Failure failure = failure_of("checkpoints", start.error());
      failure.seq = seq;
      return failure;
    }
    if (facts.commit_first_seq != *start) {
      return Failure{"checkpoints",
                     "event " + number(seq) + " is of the commit that began at event " +
                         number(facts.commit_first_seq) +
                         ", the checkpoints say it began at event " + number(*start) +
                         ": one is missing or was added",
                     seq};
    }
    // A tail run holds what one commit left in the open bundle, all of it and nothing else.
    const Seq open = rows::open_bundle(size_);
    if (seq >= open && row_first != std::max(*start, open)) {
      return entry_failure(seq, "it is in a row of another commit");
    }
    if (seq + 1 == starts.end()) ++span_.commits;
    for (std::size_t i = 0; i < facts.tags.size(); ++i) {
      if (auto failure = take_tag(facts.tags[i], i, seq)) return failure;
    }
    take_rest(facts, seq);
    span_.id_prints.push_back(id_print(facts.id));
    span_.oldest_id_ms = std::min(span_.oldest_id_ms, event_id_ms(facts.id));
    return std::nullopt;
  }

 public:
  static std::string tag_reason(const TagFact& tag, std::uint64_t count, Seq last_seq) {
    return "its link of tag " + std::string(tag.name) + " says " + number(tag.count) +
           " events, the one before at " + number(tag.prev_seq) + "; found " + number(count + 1) +
           " and " + number(last_seq);
  }

 private:
  void hash_up() {
    while (span_.nodes.back().size() > 1 && span_.nodes.size() <= kSpanHeight) {
      const std::vector<Digest>& below = span_.nodes.back();
      std::vector<Digest> level(below.size() / 2);
      node_hashes(std::span(below).first(level.size() * 2), level);
      span_.nodes.push_back(std::move(level));
    }
  }

  // The roots of the span's bundles are the tile of level 1.
  std::optional<Failure> check_tile() const {
    const std::uint64_t expected = std::min(kSpanEvents, size_ - span_.first) / rows::kBundleEvents;
    if (expected == 0) return std::nullopt;
    const std::string name = "tile 1/" + number(span_.first / kSpanEvents);
    const Seq last = span_.first + expected * rows::kBundleEvents - 1;
    const auto row = rows_.get(rows::tile(1, span_.first / kSpanEvents));
    if (!row) return failure_of("tree", row.error());
    if (!*row) return Failure{"tree", name + " is missing", last};
    const ByteView tile = as_bytes(**row);
    if (tile.size() != expected * sizeof(Digest)) {
      return Failure{"tree", name + " has another length than its events call for", last};
    }
    constexpr std::size_t kHeight = rows::kTileHeight;
    if (span_.nodes.size() <= kHeight) return std::nullopt;
    for (std::size_t i = 0; i < span_.nodes[kHeight].size(); ++i) {
      const Digest& hash = span_.nodes[kHeight][i];
      if (!std::equal(hash.begin(), hash.end(), tile.data() + i * sizeof(Digest))) {
        return Failure{"tree", name + " is not what its events hash to",
                       span_.first + (i + 1) * rows::kBundleEvents - 1};
      }
    }
    return std::nullopt;
  }

  const StoreReader& rows_;
  std::uint64_t size_;
  Seq end_;
  Seq entries_from_;  // events of the span before it were removed
  SpanRows source_;
  EntryReader reader_;
  Span span_;
};

}  // namespace

SpanTags::SpanTags() : slots_(64) {}

void SpanTags::insert(std::uint64_t hash, SpanTag* tag) {
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at].tag != nullptr) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {hash, tag};
}

void SpanTags::grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.tag != nullptr) insert(slot.hash, slot.tag);
  }
}

SpanTag* SpanTags::find(std::string_view name, std::uint64_t hash) const {
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at].tag != nullptr; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].hash == hash && slots_[at].tag->name == name) return slots_[at].tag;
  }
  return nullptr;
}

bool SpanTags::add(const TagFact& fact, std::size_t place, Seq seq, const SpanTag*& known) {
  Recent& recent = recent_[std::min(place, recent_.size() - 1)];
  SpanTag* tag = nullptr;
  for (SpanTag* candidate : recent.tags) {
    if (candidate != nullptr && candidate->name == fact.name) {
      tag = candidate;
      break;
    }
  }
  if (tag == nullptr) {
    const std::uint64_t hash = hash_name(fact.name);
    tag = find(fact.name, hash);
    const bool fresh = tag == nullptr;
    if (fresh) {
      tag = &tags_.emplace_back(
          SpanTag{std::string(fact.name), seq, fact.prev_seq, fact.count - 1, seq, fact.count});
      insert(hash, tag);
      if (2 * tags_.size() > slots_.size()) grow();
    }
    recent.tags[recent.next++ % recent.tags.size()] = tag;
    if (fresh) return true;
  }
  known = tag;
  if (fact.count != tag->last_count + 1 || fact.prev_seq != tag->last_seq) return false;
  tag->last_seq = seq;
  tag->last_count = fact.count;
  return true;
}

std::uint64_t id_print(const EventId& id) {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::memcpy(&first, id.data(), sizeof first);
  std::memcpy(&second, id.data() + sizeof first, sizeof second);
  return mix(first * 0x9e3779b97f4a7c15 ^ second);
}

Span read_span(const StoreReader& rows, Seq first, std::uint64_t size, Seq first_kept) {
  return SpanReader(rows, first, size, first_kept).run();
}

}  // namespace phantom
