#include "ledger/row_source.h"

#include "events/envelope.h"
#include "ledger/rows.h"
#include "ledger/tree.h"

#include <algorithm>

namespace phantom {
namespace {

Error missing(const std::string& what) {
  return {Code::kCorrupt, what + " is missing from the store"};
}

Result<std::vector<Digest>> tile_hashes(const RowSource& rows, std::uint64_t size, unsigned level,
                                        std::uint64_t n, std::uint64_t first, std::uint64_t count) {
  std::vector<Digest> hashes;
  hashes.reserve(count);
  const bool from_tail = level == 0 && (n + 1) * rows::kTileWidth > size;
  if (from_tail) {
    for (std::uint64_t i = first; i < first + count; ++i) {
      PH_ASSIGN(const Bytes entry, read_entry(rows, size, n * rows::kTileWidth + i));
      hashes.push_back(leaf_hash(entry));
    }
    return hashes;
  }
  PH_ASSIGN(const auto tile, rows.get(rows::tile(level, n)));
  if (!tile || tile->size() < (first + count) * sizeof(Digest)) {
    return missing("tile " + std::to_string(level) + "/" + std::to_string(n));
  }
  for (std::uint64_t i = first; i < first + count; ++i) {
    const ByteView bytes = as_bytes(*tile).subspan(i * sizeof(Digest), sizeof(Digest));
    std::copy(bytes.begin(), bytes.end(), hashes.emplace_back().begin());
  }
  return hashes;
}

}  // namespace

Result<Bytes> read_entry(const RowSource& rows, std::uint64_t size, Seq seq) {
  if (seq >= size) return Error{Code::kNotFound, "there is no event " + std::to_string(seq)};
  const std::uint64_t n = seq / rows::kBundleEvents;
  if ((n + 1) * rows::kBundleEvents > size) {
    PH_ASSIGN(const auto row, rows.get(rows::tail(seq)));
    if (!row) return missing("event " + std::to_string(seq));
    return to_bytes(*row);
  }
  PH_ASSIGN(const auto row, rows.get(rows::bundle(n)));
  if (!row) return missing("bundle " + std::to_string(n));
  const auto entries = rows::split_bundle(as_bytes(*row), rows::kBundleEvents);
  if (!entries) return Error{Code::kCorrupt, "bundle " + std::to_string(n) + " does not split"};
  return to_bytes((*entries)[seq % rows::kBundleEvents]);
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
  PH_ASSIGN(std::vector<Digest> hashes,
            tile_hashes(rows, size, level, first / rows::kTileWidth, first % rows::kTileWidth,
                        std::uint64_t{1} << rest));
  while (hashes.size() > 1) {
    for (std::size_t i = 0; i < hashes.size() / 2; ++i) {
      hashes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
    }
    hashes.resize(hashes.size() / 2);
  }
  return hashes[0];
}

}  // namespace phantom
