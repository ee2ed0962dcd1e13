#include "ledger/bundle_write.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "events/export.h"
#include "events/tree_hash.h"
#include "ledger/bundle_proof.h"
#include "ledger/quiet_threads.h"
#include "ledger/tar.h"
#include "ledger/tree.h"
#include "ledger/trust.h"

#include <algorithm>
#include <future>
#include <map>

namespace phantom {
namespace {

constexpr std::size_t kBatchEvents = 1'024;
constexpr unsigned kTileHeight = 8;
constexpr std::uint64_t kTileWidth = 1 << kTileHeight;
// Pieces of this size are worth a thread that hashes them while they are written.
constexpr std::size_t kHashBesideBytes = 128 * 1024;

// Subtree hashes below the height that a ledger stores: hashed from the events, a tile at a time.
class NodeCache {
 public:
  NodeCache(const LedgerReader& reader, std::uint64_t size) : reader_(reader), size_(size) {}

  Result<Digest> node(unsigned height, std::uint64_t index) {
    if (height >= kTileHeight) return reader_.node(height, index);
    const std::uint64_t first = index << height;
    // Of removed events the ledger has the hashes.
    if (first < reader_.first_kept()) return reader_.node(height, index);
    PH_TRY(load(first / kTileWidth));
    const auto leaves = std::span<const Digest>(leaves_).subspan(
        static_cast<std::size_t>(first % kTileWidth), std::size_t{1} << height);
    return subtree_root(leaves);
  }

 private:
  Status load(std::uint64_t tile) {
    if (!leaves_.empty() && tile == tile_) return {};
    std::vector<Bytes> entries;
    const Seq end = std::min(size_, (tile + 1) * kTileWidth);
    PH_TRY(reader_.scan(tile * kTileWidth, end, [&](Seq, const Bytes& bytes) {
      entries.push_back(bytes);
      return true;
    }));
    const std::vector<ByteView> views(entries.begin(), entries.end());
    leaves_.resize(views.size());
    leaf_hashes(views, leaves_);
    tile_ = tile;
    return {};
  }

  const LedgerReader& reader_;
  std::uint64_t size_;
  std::uint64_t tile_ = 0;
  std::vector<Digest> leaves_;
};

// What goes into the members that are too big for memory.
class Collector {
 public:
  Collector(const LedgerReader& reader, const BundlePlan& plan, const BundleOrder& order,
            SpoolFile entries, SpoolFile proof, SpoolFile lines, ExportSource source)
      : plan_(plan),
        order_(order),
        nodes_(reader, plan.checkpoint().checkpoint.size),
        walk_(order.filter, plan.cover(), plan.upper()),
        exporter_(*find_export_format("jsonl"), std::move(source)),
        entries_(std::move(entries)),
        proof_(std::move(proof)),
        lines_(std::move(lines)) {}

  Status take(Seq seq, const Bytes& bytes, BundlePlan::Part part) {
    PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
    const bool matched = part == BundlePlan::Part::kCover && order_.filter.matches(*entry);
    const bool key = is_key_event(*entry);
    if (order_.disclose == Disclose::kMatching && !matched && !key) return {};
    if (order_.disclose == Disclose::kAll) {
      // A ledger whose own links are broken would give a bundle that fails for whoever gets it.
      if (const auto broken = walk_.add(*entry)) return ledger_is_broken(broken->reason);
      if (part == BundlePlan::Part::kBoundary) ++counts_.boundary;
    }
    ++counts_.disclosed;
    if (key) ++counts_.keys;
    if (matched) {
      ++types_[entry->type()];
      ++counts_.matched;
      if (!counts_.first_seq) counts_.first_seq = seq;
      counts_.last_seq = seq;
    }
    head_.clear();
    put_be64(head_, seq);
    put_be16(head_, static_cast<std::uint16_t>(bytes.size()));
    PH_TRY(entries_.append(head_));
    PH_TRY(entries_.append(ByteView(bytes)));
    Item& item = batch_.items[batch_.count++];
    item.seq = seq;
    item.bytes.assign(bytes.begin(), bytes.end());
    item.matched = matched;
    return batch_.count < kBatchEvents ? Status() : fold();
  }

  Status finish() {
    PH_TRY(fold());
    PH_TRY(wait_for_lines());
    const Checkpoint& checkpoint = plan_.checkpoint().checkpoint;
    PH_TRY(bridge(checkpoint.size));
    if (range_.root() != checkpoint.root) {
      return ledger_is_broken("the events do not hash to the checkpoint over " +
                              std::to_string(checkpoint.size) + " events");
    }
    if (order_.disclose == Disclose::kAll) {
      if (const auto broken = walk_.finish()) return ledger_is_broken(broken->reason);
    }
    for (const auto& [type, count] : types_) {
      const EventInfo* info = find_event(type);
      counts_.by_type.emplace_back(info ? info->name : "type-" + std::to_string(type), count);
    }
    PH_TRY(entries_.flush());
    PH_TRY(proof_.flush());
    return lines_.flush();
  }

  const BundleCounts& counts() const { return counts_; }
  SpoolFile& entries() { return entries_; }
  SpoolFile& proof() { return proof_; }
  SpoolFile& lines() { return lines_; }

 private:
  static Error ledger_is_broken(const std::string& why) {
    return {Code::kCorrupt, "the ledger contradicts itself: " + why, "run 'phantom audit verify'"};
  }

  Status bridge(std::uint64_t to) {
    return for_each_gap_subtree(range_.size(), to,
                                [&](unsigned height, std::uint64_t index) -> Status {
                                  PH_ASSIGN(const Digest hash, nodes_.node(height, index));
                                  range_.append(hash, height);
                                  return proof_.append(ByteView(hash));
                                });
  }

  Status fold() {
    if (order_.stop && order_.stop()) return Error{Code::kClosed, "interrupted"};
    std::vector<ByteView> views;
    for (std::size_t i = 0; i < batch_.count; ++i) views.emplace_back(batch_.items[i].bytes);
    batch_.leaves.resize(views.size());
    leaf_hashes(views, batch_.leaves);
    for (std::size_t i = 0; i < batch_.count;) {
      PH_TRY(bridge(batch_.items[i].seq));
      const std::span leaves = std::span<const Digest>(batch_.leaves).subspan(i);
      const bool tile = whole_tile(i);
      if (tile) {
        range_.append(subtree_root(leaves.first(kTileWidth)), kTileHeight);
      } else {
        range_.append(leaves.front());
      }
      i += tile ? kTileWidth : 1;
    }
    if (order_.progress && batch_.count > 0) {
      order_.progress(batch_.items[batch_.count - 1].seq, plan_.upper() + 1);
    }
    PH_TRY(wait_for_lines());
    std::swap(batch_, rendered_);
    batch_.count = 0;
    const QuietThreads quiet;
    lines_written_ = std::async(std::launch::async, [this] { return write_lines(); });
    return {};
  }

  // Whether the entries from `i` on fill a tile.
  bool whole_tile(std::size_t i) const {
    const Seq first = batch_.items[i].seq;
    return first % kTileWidth == 0 && i + kTileWidth <= batch_.count &&
           batch_.items[i + kTileWidth - 1].seq == first + kTileWidth - 1;
  }

  // On a thread of its own; until wait_for_lines() it alone has rendered_, exporter_ and lines_.
  Status write_lines() {
    text_.clear();
    for (std::size_t i = 0; i < rendered_.count; ++i) {
      const Item& item = rendered_.items[i];
      if (!item.matched) continue;
      PH_ASSIGN(const schema::Entry* entry, parse_entry(item.bytes));
      exporter_.append(text_, *entry, item.bytes, rendered_.leaves[i]);
    }
    return lines_.append(text_);
  }

  Status wait_for_lines() { return lines_written_.valid() ? lines_written_.get() : Status(); }

  struct Item {
    Seq seq = 0;
    bool matched = false;
    Bytes bytes;
  };
  struct Batch {
    std::vector<Item> items = std::vector<Item>(kBatchEvents);
    std::size_t count = 0;  // of them are in use
    std::vector<Digest> leaves;
  };

  const BundlePlan& plan_;
  const BundleOrder& order_;
  NodeCache nodes_;
  CoverWalk walk_;
  Exporter exporter_;
  SpoolFile entries_;
  SpoolFile proof_;
  SpoolFile lines_;
  CompactRange range_;
  BundleCounts counts_;
  std::map<EventNo, std::uint64_t> types_;
  Batch batch_;
  Batch rendered_;
  std::string text_;
  Bytes head_;
  std::future<Status> lines_written_;  // last, so that it ends before what it uses
};

// One member: in memory, or in a spool file.
struct Content {
  std::string name;
  Bytes bytes;
  SpoolFile* spool = nullptr;
  Digest digest{};
  std::uint64_t size() const { return spool != nullptr ? spool->size() : bytes.size(); }
};

Content small(std::string_view name, ByteView bytes) {
  return {std::string(name), to_bytes(bytes), nullptr, sha256(bytes)};
}
Content small(std::string_view name, std::string_view text) { return small(name, as_bytes(text)); }

Content big(std::string_view name, SpoolFile& spool) {
  return {std::string(name), {}, &spool, spool.digest()};
}

class Archive {
 public:
  explicit Archive(const std::function<Status(ByteView)>& write) : write_(write) {}

  Status add(Content& content) {
    PH_ASSIGN(const tar::Block header, tar::header(content.name, content.size()));
    PH_TRY(put(header));
    if (content.spool != nullptr) {
      PH_TRY(content.spool->each([&](ByteView piece) { return put(piece); }));
    } else {
      PH_TRY(put(content.bytes));
    }
    return put(Bytes(tar::padding(content.size())));
  }
  Status finish() { return put(Bytes(tar::kEndBytes)); }

  std::uint64_t bytes() const { return bytes_; }
  Digest digest() { return hash_.finish(); }

 private:
  Status put(ByteView piece) {
    bytes_ += piece.size();
    if (piece.size() < kHashBesideBytes) {
      hash_.update(piece);
      return write_(piece);
    }
    const QuietThreads quiet;
    auto hashed = std::async(std::launch::async, [&] { hash_.update(piece); });
    Status written = write_(piece);
    hashed.get();
    return written;
  }
  const std::function<Status(ByteView)>& write_;
  Sha256 hash_;
  std::uint64_t bytes_ = 0;
};

BundleManifest manifest_of(const BundlePlan& plan, const BundleOrder& order,
                           const std::string& ledger_id, const BundleCounts& counts) {
  const bool complete = order.disclose == Disclose::kAll;
  BundleManifest manifest;
  manifest.origin = plan.checkpoint().checkpoint.origin;
  manifest.ledger_id = ledger_id;
  manifest.query = query_text(order.filter);
  manifest.cover_tag = plan.cover().tag;
  manifest.complete = complete;
  if (complete) manifest.lower = plan.lower();
  manifest.upper = plan.upper();
  manifest.counts = counts;
  manifest.size = plan.checkpoint().checkpoint.size;
  manifest.root = plan.checkpoint().checkpoint.root;
  manifest.generator = "phantom " PHANTOM_VERSION;
  manifest.schema = schema_digest();
  return manifest;
}

}  // namespace

Result<WrittenBundle> write_bundle(const LedgerReader& reader, BundlePlan plan,
                                   const BundleOrder& order, const Signer& key,
                                   const std::function<Status(ByteView)>& write) {
  const Checkpoint& checkpoint = plan.checkpoint().checkpoint;
  const VerifierKey& vkey = key.verifier_key();
  if (check_note(plan.checkpoint().note, vkey) != NoteCheck::kGood) {
    return Error{Code::kCorrupt, "the checkpoint is not signed by " + vkey.text(),
                 "run 'phantom audit verify'"};
  }
  PH_ASSIGN(const std::string ledger_id, ledger_id_of(checkpoint.origin));
  PH_ASSIGN(SpoolFile entries, SpoolFile::make(order.spool));
  PH_ASSIGN(SpoolFile proof, SpoolFile::make(order.spool));
  PH_ASSIGN(SpoolFile lines, SpoolFile::make(order.spool));
  Collector collector(reader, plan, order, std::move(entries), std::move(proof), std::move(lines),
                      {checkpoint.origin, ledger_id});
  PH_TRY(plan.each(reader, [&](Seq seq, const Bytes& bytes, BundlePlan::Part part) {
    return collector.take(seq, bytes, part);
  }));
  PH_TRY(collector.finish());

  WrittenBundle done;
  done.manifest = manifest_of(plan, order, ledger_id, collector.counts());
  std::vector<Content> contents;
  contents.push_back(small("VERIFY.md", bundle::guide_text(vkey)));
  contents.push_back(small("manifest.json", manifest_text(done.manifest)));
  contents.push_back(small("checkpoint", plan.checkpoint().note));
  contents.push_back(small("log.pem", bundle::log_pem(vkey)));
  contents.push_back(small("log.vkey", vkey.text() + "\n"));
  contents.push_back(big("entries", collector.entries()));
  contents.push_back(big("proof", collector.proof()));
  contents.push_back(small("catalogue.bfbs", binary_schema()));
  contents.push_back(big("events.jsonl", collector.lines()));
  for (const BundleAnchor& anchor : order.anchors) {
    contents.push_back(small(bundle::anchor_member(anchor.name), ByteView(anchor.bytes)));
  }
  std::vector<std::pair<std::string, Digest>> digests;
  for (const Content& content : contents) digests.emplace_back(content.name, content.digest);
  const std::string text = bundle::note_text(checkpoint.origin, digests);
  const std::string note = text + "\n" + signature_line(vkey, key.sign(as_bytes(text)));
  contents.insert(contents.begin() + 2, small("manifest.note", note));

  Archive archive(write);
  for (Content& content : contents) {
    if (order.stop && order.stop()) return Error{Code::kClosed, "interrupted"};
    PH_TRY(archive.add(content));
  }
  PH_TRY(archive.finish());
  done.bytes = archive.bytes();
  done.digest = archive.digest();
  return done;
}

}  // namespace phantom
