#pragma once
// Single tiles and bundles of a published log, read and taken apart as far as that goes without
// their neighbours.

#include "events/limits.h"
#include "ledger/tile_paths.h"
#include "ledger/verify_entry.h"
#include "ledger/verify_report.h"
#include "ledger/verify_tiles.h"

#include <optional>
#include <vector>

namespace phantom {

inline constexpr std::size_t kHashTileBytes = tiles::kWidth * sizeof(Digest);
inline constexpr std::size_t kBundleBytesMax = tiles::kWidth * (2 + kEntryBytesMax);

// Of a file that the checkpoint calls for. What is none of the evidence's doing leaves the check
// undecided.
Failure source_failure(std::string_view check, const std::string& path, const Error& error);

// A file as served: the tile that was asked for, or the full one in its place.
struct ServedTile {
  tiles::Tile tile;
  Bytes bytes;
};
Result<ServedTile> fetch_tile(const TileSource& source, const tiles::Tile& tile);

// Hashes of exactly `tile`. kCorrupt: another number of bytes.
Result<Bytes> fetch_hashes(const TileSource& source, const tiles::Tile& tile);

// The first `count` entries of a bundle of `width`. None when it does not hold `width` entries.
std::optional<std::vector<ByteView>> split_bundle(ByteView bundle, unsigned width, unsigned count);

// One entry, taken apart; owns what its facts name.
struct BundleEntry {
  Digest leaf{};
  EntryFacts facts;  // tags point into `names`
  Bytes names;

  BundleEntry() = default;
  BundleEntry(BundleEntry&&) = default;
  BundleEntry& operator=(BundleEntry&&) = default;
};

// The first `width` entries of bundle n with the hashes of the tile of level 0 beside it.
struct BundlePart {
  std::vector<BundleEntry> entries;  // up to the failure
  Bytes hashes;
  std::optional<Failure> failure;
};
BundlePart read_bundle(const TileSource& source, std::uint64_t n, unsigned width);

}  // namespace phantom
