#include "ledger/bundle_fold.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "events/export.h"
#include "events/tree_hash.h"
#include "ledger/anchor_events.h"
#include "ledger/bundle_cover.h"
#include "ledger/bundle_proof.h"
#include "ledger/tree.h"
#include "ledger/verify_entry.h"

#include <algorithm>

namespace phantom {
namespace {

using MaybeFailure = std::optional<Failure>;

constexpr std::size_t kHeadBytes = 10;  // number and length of an entry
constexpr std::size_t kBatchEvents = 1'024;
constexpr unsigned kTileHeight = 8;
constexpr std::size_t kTileWidth = 1 << kTileHeight;
constexpr std::uint64_t kLineBytesMax = 1 << 20;

class Folder {
 public:
  Folder(const ByteSource& source, const OpenBundle& opened, BundleMarks& marks,
         const std::function<void(std::uint64_t, std::uint64_t)>& progress)
      : opened_(opened),
        marks_(marks),
        progress_(progress),
        cover_(cover_of(opened.query)),
        walk_(opened.query, cover_, opened.manifest.upper),
        exporter_(*find_export_format("jsonl"),
                  {opened.manifest.origin, opened.manifest.ledger_id}),
        entries_(cursor(source, "entries")),
        proof_(cursor(source, "proof")),
        lines_(cursor(source, "events.jsonl")) {
    fold_.epochs = EpochRules(opened.manifest.origin);
    fold_.same_schema = opened.manifest.schema == schema_digest();
    batch_.resize(kBatchEvents);
    seqs_.reserve(kBatchEvents);
  }

  BundleFold run() {
    fold_.entries = read_entries();
    if (fold_.entries) return std::move(fold_);
    finish();
    return std::move(fold_);
  }

 private:
  SourceCursor cursor(const ByteSource& source, std::string_view name) const {
    const tar::Member& member = opened_.member(name);
    return {source, member.offset, member.size};
  }
  std::uint64_t size() const { return opened_.manifest.size; }
  const BundleManifest& manifest() const { return opened_.manifest; }

  Failure bad_entry(Seq seq, const std::string& why) const {
    return {"entries", "event " + std::to_string(seq) + ": " + why, seq};
  }

  MaybeFailure read_entries() {
    while (entries_.left() > 0) {
      if (auto failure = read_entry()) return failure;
      const bool aligned = (seqs_.back() + 1) % kTileWidth == 0;
      if (seqs_.size() == kBatchEvents || (aligned && seqs_.size() > kBatchEvents - kTileWidth)) {
        grow_batch();
      }
    }
    grow_batch();
    if (!last_) return Failure{"entries", "the bundle holds no event"};
    return std::nullopt;
  }

  MaybeFailure read_entry() {
    if (entries_.left() < kHeadBytes) return Failure{"entries", "the last entry is cut off"};
    const auto head = entries_.take(kHeadBytes);
    if (!head) return failure_of("entries", head.error());
    const Seq seq = get_be64(*head);
    const std::size_t length = get_be16(head->subspan(8));
    if (last_ && seq == *last_) return bad_entry(seq, "it is there twice");
    if (last_ ? seq < *last_ : seq != 0) {
      return bad_entry(seq, last_ ? "it stands after event " + std::to_string(*last_)
                                  : "the first event of a bundle is event 0");
    }
    if (seq >= size()) return bad_entry(seq, "the checkpoint does not cover it");
    if (entries_.left() < length) return bad_entry(seq, "it is cut off");
    const auto bytes = entries_.take(length);
    if (!bytes) return failure_of("entries", bytes.error());
    Bytes& kept = batch_[seqs_.size()];
    kept.assign(bytes->begin(), bytes->end());
    seqs_.push_back(seq);
    last_ = seq;
    return take(kept, seq);
  }

  MaybeFailure take(const Bytes& bytes, Seq seq) {
    const auto read = reader_.read(bytes, seq);
    if (!read) {
      Failure failure = failure_of("entries", read.error());
      failure.reason.insert(0, "event " + std::to_string(seq) + ": ");
      failure.seq = seq;
      return failure;
    }
    const EntryFacts& facts = **read;
    if (fold_.first_time_ns && facts.time_ns <= time_ns_) {
      return bad_entry(seq, "its time is not after that of the event before it");
    }
    time_ns_ = facts.time_ns;
    if (!fold_.first_time_ns) fold_.first_time_ns = time_ns_;
    if (facts.commit_first_seq > seq) return bad_entry(seq, "its commit begins after it");
    if (facts.keys) {
      if (const auto wrong = fold_.epochs.take(*facts.keys, seq, facts.commit_first_seq)) {
        return bad_entry(seq, *wrong);
      }
    } else if (seq == 0) {
      return bad_entry(seq, "the first event is not ledger.created");
    }
    if (!facts.known_type) ++fold_.unknown_types;
    for (auto mark = marks_.begin(); mark != marks_.end() && mark->first <= seq; ++mark) {
      BundleMark& at = mark->second;
      if (!at.next_time_ns) at.next_time_ns = time_ns_;
      if (!at.open_since_ns && !is_about_anchors(facts.type)) at.open_since_ns = time_ns_;
    }
    const auto entry = parse_entry(bytes);
    PH_CHECK(entry.ok(), "it was parsed before");
    judge(**entry, bytes);
    return std::nullopt;
  }

  // What the query makes of an event.
  void judge(const schema::Entry& entry, const Bytes& bytes) {
    const Seq seq = entry.seq();
    const bool key = is_key_event(entry);
    bool matched = false;
    if (manifest().complete) {
      if (!fold_.cover) fold_.cover = walk_.add(entry);
      matched = walk_.matched();
    } else {
      matched = seq < manifest().upper && cover_link(cover_, entry) && opened_.query.matches(entry);
      if (!matched && !key && !fold_.cover) {
        fold_.cover = Failure{
            "cover",
            "event " + std::to_string(seq) + " is in the bundle and the query does not call for it",
            seq};
      }
    }
    BundleCounts& counts = fold_.counts;
    ++counts.disclosed;
    if (key) ++counts.keys;
    if (!matched) return;
    ++counts.matched;
    ++types_[entry.type()];
    if (!counts.first_seq) counts.first_seq = seq;
    counts.last_seq = seq;
    if (!fold_.rendering) fold_.rendering = check_line(entry, bytes);
  }

  MaybeFailure check_line(const schema::Entry& entry, const Bytes& bytes) {
    const Seq seq = entry.seq();
    const auto bad = [&](const char* why) {
      return Failure{"rendering",
                     "events.jsonl " + std::string(why) + " event " + std::to_string(seq), seq};
    };
    if (!fold_.same_schema) return check_foreign_line(bytes, seq);
    text_.clear();
    exporter_.append(text_, entry, bytes);
    if (lines_.left() < text_.size()) return bad("ends before");
    const auto line = lines_.take(text_.size());
    if (!line) return failure_of("rendering", line.error());
    if (as_text(*line) != text_) return bad("does not say what the entry says of");
    return std::nullopt;
  }

  // Of a schema that is not ours: number and entry must be right.
  MaybeFailure check_foreign_line(const Bytes& bytes, Seq seq) {
    text_.clear();
    while (lines_.left() > 0 && text_.size() < kLineBytesMax && !text_.ends_with('\n')) {
      const auto next = lines_.take(1);
      if (!next) return failure_of("rendering", next.error());
      text_ += as_text(*next);
    }
    const std::string start = R"({"v":1,"schema":"phantom.event.v1","ledger_id":")" +
                              manifest().ledger_id + R"(","seq":)" + std::to_string(seq) + ",";
    const std::string end = R"(,"leaf_b64":")" + to_base64(bytes) + "\"}\n";
    if (text_.starts_with(start) && text_.ends_with(end)) return std::nullopt;
    return Failure{"rendering",
                   "events.jsonl does not hold number and entry of event " + std::to_string(seq),
                   seq};
  }

  void append(const Digest& hash, unsigned height) {
    range_.append(hash, height);
    if (const auto mark = marks_.find(range_.size()); mark != marks_.end()) {
      mark->second.root = range_.root();
    }
  }

  // Covers the gap up to event `to` with hashes of the proof.
  void bridge(std::uint64_t to) {
    const Status done =
        for_each_gap_subtree(range_.size(), to, [&](unsigned height, std::uint64_t) -> Status {
          if (proof_.left() < sizeof(Digest)) return Error{Code::kCorrupt, "the proof is cut off"};
          PH_ASSIGN(const ByteView bytes, proof_.take(sizeof(Digest)));
          Digest hash{};
          std::copy(bytes.begin(), bytes.end(), hash.begin());
          append(hash, height);
          return {};
        });
    if (!done.ok() && !fold_.tree) fold_.tree = failure_of("tree", done.error());
  }

  void grow_batch() {
    const std::size_t count = seqs_.size();
    const std::vector<ByteView> views(batch_.begin(),
                                      batch_.begin() + static_cast<std::ptrdiff_t>(count));
    leaves_.resize(count);
    leaf_hashes(views, leaves_);
    for (std::size_t i = 0; i < count && !fold_.tree;) {
      bridge(seqs_[i]);
      if (fold_.tree) break;
      const std::size_t step = whole_tile(i) ? kTileWidth : 1;
      if (step == 1) {
        append(leaves_[i], 0);
      } else {
        append(subtree_root(std::span(leaves_).subspan(i, kTileWidth)), kTileHeight);
      }
      i += step;
    }
    if (progress_ && count > 0) progress_(seqs_.back(), size());
    seqs_.clear();
  }

  // Whether the leaves from `i` on fill a tile and nobody wants a root inside it.
  bool whole_tile(std::size_t i) const {
    const Seq first = seqs_[i];
    if (first % kTileWidth != 0 || i + kTileWidth > seqs_.size()) return false;
    if (seqs_[i + kTileWidth - 1] != first + kTileWidth - 1) return false;
    const auto mark = marks_.upper_bound(first);
    return mark == marks_.end() || mark->first >= first + kTileWidth;
  }

  void finish() {
    if (!fold_.tree) bridge(size());
    if (!fold_.tree && proof_.left() > 0) {
      fold_.tree = Failure{"tree", "the proof has bytes that nothing calls for"};
    }
    if (!fold_.tree && range_.root() != manifest().root) {
      fold_.tree = Failure{"tree", "entries and proof do not hash to the root of the checkpoint"};
    }
    if (manifest().complete) {
      if (!fold_.cover) fold_.cover = walk_.finish();
      fold_.lower = walk_.lower();
      fold_.counts.boundary = fold_.lower ? 2 : 1;
    }
    for (const auto& [type, count] : types_) {
      const EventInfo* info = find_event(type);
      fold_.counts.by_type.emplace_back(info ? info->name : "type-" + std::to_string(type), count);
    }
    if (!fold_.rendering && lines_.left() > 0) {
      fold_.rendering = Failure{"rendering", "events.jsonl goes on after the last event"};
    }
  }

  const OpenBundle& opened_;
  BundleMarks& marks_;
  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  Cover cover_;
  CoverWalk walk_;
  Exporter exporter_;
  SourceCursor entries_;
  SourceCursor proof_;
  SourceCursor lines_;
  EntryReader reader_;
  BundleFold fold_;
  CompactRange range_;
  std::optional<Seq> last_;
  std::int64_t time_ns_ = 0;
  std::map<EventNo, std::uint64_t> types_;
  std::vector<Bytes> batch_;  // the first seqs_.size() of them
  std::vector<Seq> seqs_;
  std::vector<Digest> leaves_;
  std::string text_;
};

}  // namespace

BundleFold fold_bundle(const ByteSource& source, const OpenBundle& opened, BundleMarks& marks,
                       const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  return Folder(source, opened, marks, progress).run();
}

}  // namespace phantom
