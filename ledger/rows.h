#pragma once
// Keys of the store's rows and their order. Pure. docs/FORMAT.md section 3 is this table:
//
//   'b' be64(n)            bundle n: entries 256n .. 256n+255, each be16(length) || bytes
//   'c' be64(size)         commit: the signed checkpoint note over the first `size` events
//   'g' tag name           be64(seq of the newest event with the tag) || be64(running count)
//   'h' level be64(n)      tile of level >= 1: up to 256 hashes of 32 bytes
//   'k' be64(seq)          an entry of a pruned bundle that was kept
//   'l' be64(n)            pruned bundle n: the 256 leaf hashes of its entries
//   'm' name               meta: "format" -> "phantom-ledger/2", "store" -> RocksDB's identity
//   't' be64(seq)          tail run: the entries from `seq` on of one commit, those whose bundle is
//                          not full yet, in the form of a bundle
//
// Hash i of tile (1, n) is the root of bundle 256n+i, hash i of tile (l, n) the root of tile
// (l-1, 256n+i). Leaf hashes are what the entries hash to, and stored only where the entries were
// pruned. A ledger that has pruned bundles says "phantom-ledger/3". Both forms of bundles are in a
// column family of their own, since they are only ever added at the end.

#include "events/types.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom::rows {

inline constexpr std::uint64_t kBundleEvents = 256;  // the width of a C2SP tile
inline constexpr std::uint64_t kTileWidth = 256;
inline constexpr unsigned kTileHeight = 8;
inline constexpr std::string_view kFormat = "phantom-ledger/2";
inline constexpr std::string_view kPrunedFormat = "phantom-ledger/3";  // with rows 'k' and 'l'
inline bool is_known_format(std::string_view format) {
  return format == kFormat || format == kPrunedFormat;
}

inline constexpr char kBundle = 'b';
inline constexpr char kCommit = 'c';
inline constexpr char kTag = 'g';
inline constexpr char kTile = 'h';
inline constexpr char kKept = 'k';
inline constexpr char kLeaves = 'l';
inline constexpr char kMeta = 'm';
inline constexpr char kTail = 't';

std::string bundle(std::uint64_t n);
std::string commit(std::uint64_t size);
std::string tag(std::string_view name);
std::string tile(unsigned level, std::uint64_t n);
std::string meta(std::string_view name);
std::string tail(Seq first);
std::string kept(Seq seq);
std::string leaves(std::uint64_t n);

// The number after the prefix byte of a numbered key; none when the key is not one.
std::optional<std::uint64_t> number_of(std::string_view key);

struct TileKey {
  unsigned level = 0;
  std::uint64_t n = 0;
};
std::optional<TileKey> parse_tile(std::string_view key);

std::string tag_value(Seq last_seq, std::uint64_t count);
std::string tile_value(const std::vector<Digest>& hashes);

// Splits a bundle or run into its entries. None when lengths do not add up.
std::optional<std::vector<ByteView>> split_entries(ByteView bundle);
// Entry `index` of a bundle or run; none when there is no such entry.
std::optional<ByteView> entry_at(ByteView bundle, std::size_t index);
void append_to_bundle(std::string& bundle, ByteView entry);

// First event of the open bundle of a ledger of `size` events: what is before it is in bundles,
// from it on in tail runs.
inline Seq open_bundle(std::uint64_t size) { return size / kBundleEvents * kBundleEvents; }

}  // namespace phantom::rows
