#include "ledger/row_source.h"

#include "events/encoding.h"
#include "events/tree_hash.h"
#include "ledger/rows.h"

#include <algorithm>

namespace phantom {
namespace {

Error missing(const std::string& what) {
  return {Code::kCorrupt, what + " is missing from the store"};
}

std::vector<Digest> digests_in(ByteView bytes) {
  std::vector<Digest> hashes(bytes.size() / sizeof(Digest));
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const ByteView hash = bytes.subspan(i * sizeof(Digest), sizeof(Digest));
    std::copy(hash.begin(), hash.end(), hashes[i].begin());
  }
  return hashes;
}

// Leaf hashes of events [first, first + count), all of one bundle, that were kept when it was
// pruned; none when it was not.
Result<std::optional<std::vector<Digest>>> pruned_leaves(const RowSource& rows, Seq first,
                                                         std::uint64_t count) {
  const std::uint64_t n = first / rows::kBundleEvents;
  PH_ASSIGN(const auto row, rows.get(rows::leaves(n)));
  if (!row) return std::optional<std::vector<Digest>>();
  if (row->size() != rows::kBundleEvents * sizeof(Digest)) {
    return Error{Code::kCorrupt, "the hashes of pruned bundle " + std::to_string(n) +
                                     " have another length than its events call for"};
  }
  return std::optional(digests_in(as_bytes(*row).subspan(
      first % rows::kBundleEvents * sizeof(Digest), count * sizeof(Digest))));
}

// Leaf hashes of events [first, first + count), all of one bundle.
Result<std::vector<Digest>> hash_leaves(const RowSource& rows, std::uint64_t size, Seq first,
                                        std::uint64_t count) {
  std::vector<Digest> hashes;
  hashes.reserve(count);
  while (hashes.size() < count) {
    const Seq next = first + hashes.size();
    auto read = read_entry_row(rows, size, next);
    if (!read.ok() && read.error().code == Code::kNotFound) {
      PH_ASSIGN(auto leaves, pruned_leaves(rows, first, count));
      if (leaves) return std::move(*leaves);
    }
    if (!read.ok()) return std::move(read.error());
    const EntryRow row = std::move(*read);
    const auto entries = rows::split_entries(as_bytes(row.bytes));
    if (!entries || entries->size() <= next - row.first) {
      return Error{Code::kCorrupt, "the row of event " + std::to_string(next) + " does not split"};
    }
    const std::size_t skip = next - row.first;
    const std::size_t take = std::min<std::size_t>(entries->size() - skip, count - hashes.size());
    const std::size_t before = hashes.size();
    hashes.resize(before + take);
    leaf_hashes(std::span(*entries).subspan(skip, take), std::span(hashes).subspan(before));
  }
  return hashes;
}

Result<std::vector<Digest>> tile_hashes(const RowSource& rows, unsigned level, std::uint64_t n,
                                        std::uint64_t first, std::uint64_t count) {
  PH_ASSIGN(const auto tile, rows.get(rows::tile(level, n)));
  if (!tile || tile->size() < (first + count) * sizeof(Digest)) {
    return missing("tile " + std::to_string(level) + "/" + std::to_string(n));
  }
  return digests_in(as_bytes(*tile).subspan(first * sizeof(Digest), count * sizeof(Digest)));
}

}  // namespace

Result<std::optional<RowSource::Row>> last_row(const RowSource& rows, char kind) {
  // No key of ours is longer than a tag's.
  return rows.floor(std::string(1, kind) + std::string(256, '\xff'));
}

Result<Seq> read_first_kept(const RowSource& rows) {
  PH_ASSIGN(const auto row, last_row(rows, rows::kLeaves));
  if (!row) return Seq{0};
  const auto n = rows::number_of(row->first);
  if (!n || *n >= ~std::uint64_t{0} / rows::kBundleEvents) {
    return Error{Code::kCorrupt, "a row of leaf hashes has a malformed key"};
  }
  return (*n + 1) * rows::kBundleEvents;
}

Error removed_event(Seq seq) {
  return {Code::kNotFound, "event " + std::to_string(seq) + " was removed under a retention policy",
          "its hash is still in the tree; 'phantom ledger info' says what was removed"};
}

Result<EntryRow> read_entry_row(const RowSource& rows, std::uint64_t size, Seq seq) {
  if (seq >= size) return Error{Code::kNotFound, "there is no event " + std::to_string(seq)};
  const std::uint64_t n = seq / rows::kBundleEvents;
  if (seq < rows::open_bundle(size)) {
    PH_ASSIGN(auto row, rows.get(rows::bundle(n)));
    if (!row) {
      PH_ASSIGN(const auto pruned, rows.get(rows::leaves(n)));
      if (!pruned) return missing("bundle " + std::to_string(n));
      return removed_event(seq);
    }
    return EntryRow{n * rows::kBundleEvents, std::move(*row)};
  }
  PH_ASSIGN(auto run, rows.floor(rows::tail(seq)));
  const auto first = run ? rows::number_of(run->first) : std::nullopt;
  if (!first) return missing("event " + std::to_string(seq));
  return EntryRow{*first, std::move(run->second)};
}

Result<Bytes> read_entry(const RowSource& rows, std::uint64_t size, Seq seq) {
  auto read = read_entry_row(rows, size, seq);
  if (!read.ok() && read.error().code == Code::kNotFound && seq < size) {
    PH_ASSIGN(const auto kept, rows.get(rows::kept(seq)));
    if (kept) return to_bytes(as_bytes(*kept));
  }
  if (!read.ok()) return std::move(read.error());
  const EntryRow& row = *read;
  const auto entry = rows::entry_at(as_bytes(row.bytes), seq - row.first);
  if (!entry) {
    return Error{Code::kCorrupt, "the row of event " + std::to_string(seq) + " does not split"};
  }
  return to_bytes(*entry);
}

Result<Digest> read_node(const RowSource& rows, std::uint64_t size, unsigned height,
                         std::uint64_t index) {
  PH_CHECK(height < 64, "tree height");
  if (((index + 1) << height) > size) {
    return Error{Code::kNotFound, "the tree has no such complete subtree"};
  }
  const unsigned level = height / rows::kTileHeight;
  const unsigned rest = height % rows::kTileHeight;
  const std::uint64_t first = index << rest;
  const std::uint64_t count = std::uint64_t{1} << rest;
  if (level == 0) {
    PH_ASSIGN(const std::vector<Digest> leaves, hash_leaves(rows, size, first, count));
    return subtree_root(leaves);
  }
  PH_ASSIGN(const std::vector<Digest> hashes,
            tile_hashes(rows, level, first / rows::kTileWidth, first % rows::kTileWidth, count));
  return subtree_root(hashes);
}

}  // namespace phantom
