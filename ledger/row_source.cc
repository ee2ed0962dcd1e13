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

// Leaf hashes of events [first, first + count), all of one bundle.
Result<std::vector<Digest>> hash_leaves(const RowSource& rows, std::uint64_t size, Seq first,
                                        std::uint64_t count) {
  std::vector<Digest> hashes;
  hashes.reserve(count);
  while (hashes.size() < count) {
    const Seq next = first + hashes.size();
    PH_ASSIGN(const EntryRow row, read_entry_row(rows, size, next));
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
  std::vector<Digest> hashes(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const ByteView bytes = as_bytes(*tile).subspan((first + i) * sizeof(Digest), sizeof(Digest));
    std::copy(bytes.begin(), bytes.end(), hashes[i].begin());
  }
  return hashes;
}

}  // namespace

Result<std::optional<RowSource::Row>> last_row(const RowSource& rows, char kind) {
  // No key of ours is longer than a tag's.
  return rows.floor(std::string(1, kind) + std::string(256, '\xff'));
}

Result<EntryRow> read_entry_row(const RowSource& rows, std::uint64_t size, Seq seq) {
  if (seq >= size) return Error{Code::kNotFound, "there is no event " + std::to_string(seq)};
  const std::uint64_t n = seq / rows::kBundleEvents;
  if (seq < rows::open_bundle(size)) {
    PH_ASSIGN(auto row, rows.get(rows::bundle(n)));
    if (!row) return missing("bundle " + std::to_string(n));
    return EntryRow{n * rows::kBundleEvents, std::move(*row)};
  }
  PH_ASSIGN(auto run, rows.floor(rows::tail(seq)));
  const auto first = run ? rows::number_of(run->first) : std::nullopt;
  if (!first) return missing("event " + std::to_string(seq));
  return EntryRow{*first, std::move(run->second)};
}

Result<Bytes> read_entry(const RowSource& rows, std::uint64_t size, Seq seq) {
  PH_ASSIGN(const EntryRow row, read_entry_row(rows, size, seq));
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
