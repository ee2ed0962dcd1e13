#include "ledger/rebuild.h"

#include "events/envelope.h"
#include "ledger/rows.h"

namespace phantom {
namespace {

constexpr std::size_t kBatchBytesMax = 4 << 20;
constexpr std::size_t kRowOverheadBytes = 64;

std::string number(std::uint64_t value) { return std::to_string(value); }

Error bad_commit(std::uint64_t size, const std::string& why) {
  return {Code::kCorrupt, "the checkpoint over " + number(size) + " events " + why};
}

Status check_signed_by(const std::string& note, std::uint64_t size, const VerifierKey& key) {
  switch (check_note(note, key)) {
    case NoteCheck::kGood:
      return {};
    case NoteCheck::kUnknown:
      return bad_commit(size, "is not signed by " + key.name + ", the key in force");
    case NoteCheck::kBad:
      return bad_commit(size, "has a wrong signature by " + key.name);
  }
  return Error{Code::kInternal, "note check"};
}

}  // namespace

StoreBuilder::StoreBuilder(VerifierKey log, RowSink sink)
    : log_(std::move(log)), sink_(std::move(sink)), epochs_(log_.name) {}

std::optional<Digest> StoreBuilder::root_at(std::uint64_t size) const {
  const auto found = roots_.find(size);
  return found == roots_.end() ? std::nullopt : found->second;
}

Error StoreBuilder::bad_entry(const std::string& why) const {
  return {Code::kCorrupt, "event " + number(size()) + ": " + why};
}

Status StoreBuilder::add(ByteView entry) {
  const auto read = entries_.read(entry, size());
  if (!read) return Error(read.error()).in("event " + number(size()));
  const EntryFacts& facts = **read;
  if (size() > 0 && facts.time_ns <= last_time_ns_) {
    return bad_entry("its time is not after that of the event before it");
  }
  if (facts.commit_first_seq != commit_first_seq_) {
    return bad_entry("it is of the commit that began at event " + number(facts.commit_first_seq) +
                     ", the checkpoints say " + number(commit_first_seq_));
  }
  PH_TRY(link_tags(facts));
  if (size() == 0 && !(facts.keys && facts.keys->log)) {
    return bad_entry("the first event is not ledger.created");
  }
  if (facts.keys) {
    const KeyNews& news = *facts.keys;
    if (news.log && news.log->text() != log_.text()) {
      return bad_entry("it creates a ledger signed by " + news.log->text() +
                       ", the pinned key is " + log_.text());
    }
    const auto wrong = epochs_.take(news, size(), commit_first_seq_);
    if (wrong) return bad_entry(*wrong);
  }
  last_time_ns_ = facts.time_ns;

  bundle_.push_back({commit_first_seq_, to_bytes(entry)});
  tiles_.append(leaf_hash(entry),
                [&](unsigned level, std::uint64_t n, const std::vector<Digest>& hashes) {
                  if (level > 0) {
                    put(rows::tile(level, n), rows::tile_value(hashes));
                  }
                });
  if (bundle_.size() == rows::kBundleEvents) put_bundle();
  if (const auto wanted = roots_.find(size()); wanted != roots_.end()) {
    wanted->second = tiles_.root();
  }
  return {};
}

Status StoreBuilder::link_tags(const EntryFacts& facts) {
  for (const TagFact& tag : facts.tags) {
    auto& [last_seq, count] = tags_[std::string(tag.name)];
    if (tag.count != count + 1 || tag.prev_seq != last_seq) {
      return bad_entry("its link of tag " + std::string(tag.name) +
                       " does not continue the one before");
    }
    last_seq = size();
    count = tag.count;
  }
  return {};
}

Status StoreBuilder::commit(const std::string& note) {
  auto parsed = parse_checkpoint(note);
  if (!parsed) return std::move(parsed.error()).in("a checkpoint");
  const auto epoch = epochs_.epoch_of_commit(commit_first_seq_, size());
  if (!epoch) return bad_commit(size(), "is wrong: " + epoch.error().message);
  const std::string text = Checkpoint{log_.name, size(), tiles_.root()}.text();
  if (!note.starts_with(text) || note.rfind("\n\n") + 1 != text.size()) {
    return bad_commit(size(), "has another text than its events call for");
  }
  PH_ASSIGN(const SignedNote lines, parse_note(note));
  PH_TRY(check_signed_by(note, size(), log_));
  PH_TRY(check_signed_by(note, size(), (*epoch)->key));
  if (lines.signatures.size() != 2) return bad_commit(size(), "has a signature nobody can check");

  put(rows::commit(size()), note);
  commit_first_seq_ = size();
  ++commits_;
  head_ = std::move(*parsed);
  if (row_bytes_ >= kBatchBytesMax) PH_TRY(flush());
  return {};
}

Status StoreBuilder::finish(const std::string& identity) {
  if (size() == 0 || size() != commit_first_seq_) {
    return Error{Code::kCorrupt, "no checkpoint covers the newest event"};
  }
  put_tail();
  for (const auto& [tag, state] : tags_) {
    put(rows::tag(tag), rows::tag_value(state.first, state.second));
    if (row_bytes_ >= kBatchBytesMax) PH_TRY(flush());
  }
  for (unsigned level = 1; level < tiles_.open().size(); ++level) {
    const std::vector<Digest>& hashes = tiles_.open()[level];
    const std::uint64_t n = size() >> (rows::kTileHeight * (level + 1));
    if (!hashes.empty()) put(rows::tile(level, n), rows::tile_value(hashes));
  }
  put(rows::meta("format"), std::string(rows::kFormat));
  put(rows::meta("store"), identity);
  return flush();
}

void StoreBuilder::put(std::string key, std::string value) {
  row_bytes_ += key.size() + value.size() + kRowOverheadBytes;
  rows_.puts.emplace_back(std::move(key), std::move(value));
}

void StoreBuilder::put_bundle() {
  std::string row;
  for (const OpenEntry& entry : bundle_) rows::append_to_bundle(row, entry.bytes);
  put(rows::bundle(size() / rows::kBundleEvents - 1), std::move(row));
  bundle_.clear();
}

void StoreBuilder::put_tail() {
  const Seq first = size() - bundle_.size();
  for (std::size_t begin = 0; begin < bundle_.size();) {
    std::string run;
    std::size_t end = begin;
    for (; end < bundle_.size() && bundle_[end].commit_first_seq == bundle_[begin].commit_first_seq;
         ++end) {
      rows::append_to_bundle(run, bundle_[end].bytes);
    }
    put(rows::tail(first + begin), std::move(run));
    begin = end;
  }
}

Status StoreBuilder::flush() {
  PH_TRY(sink_(rows_));
  rows_ = {};
  row_bytes_ = 0;
  return {};
}

}  // namespace phantom
