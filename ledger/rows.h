#pragma once
// Keys of the store's rows and their order. Pure. docs/FORMAT.md section 3 is this table:
//
//   'b' be64(n)            bundle n: entries n*256 .. n*256+255, each be16(length) || bytes
//   'c' be64(size)         commit: the signed checkpoint note over the first `size` events
//   'g' tag name           be64(seq of the newest event with the tag) || be64(running count)
//   'h' level be64(n)      tile: up to 256 hashes of level `level`, slot i at 32*i; level 0 only
//   full 'i' event id (16)      be64(seq) 'm' name               meta: "format" ->
//   "phantom-ledger/1", "store" -> RocksDB's identity 't' be64(seq)          tail: bytes of an
//   entry whose bundle is not full yet
//
// A tile of level l > 0 holds the roots of the full tiles of level l-1 below it. Tiles of levels
// above 0 are rewritten as they grow; of level 0 only full ones are stored, since the tail holds
// what they are made of.

#include "events/types.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom::rows {

inline constexpr std::uint64_t kBundleEvents = 256;  // the width of a C2SP tile
inline constexpr std::uint64_t kTileWidth = 256;
inline constexpr unsigned kTileHeight = 8;
inline constexpr std::string_view kFormat = "phantom-ledger/1";

inline constexpr char kBundle = 'b';
inline constexpr char kCommit = 'c';
inline constexpr char kTag = 'g';
inline constexpr char kTile = 'h';
inline constexpr char kId = 'i';
inline constexpr char kMeta = 'm';
inline constexpr char kTail = 't';

std::string bundle(std::uint64_t n);
std::string commit(std::uint64_t size);
std::string tag(std::string_view name);
std::string tile(unsigned level, std::uint64_t n);
std::string id(const EventId& event);
std::string meta(std::string_view name);
std::string tail(Seq seq);

// The number after the prefix byte of a bundle, commit or tail key; none when the key is not one.
std::optional<std::uint64_t> number_of(std::string_view key);

struct TileKey {
  unsigned level = 0;
  std::uint64_t n = 0;
};
std::optional<TileKey> parse_tile(std::string_view key);

std::string tag_value(Seq last_seq, std::uint64_t count);
std::string id_value(Seq seq);
std::string tile_value(const std::vector<Digest>& hashes);

// Splits a bundle into its entries. None when lengths do not add up to exactly `count` entries.
std::optional<std::vector<ByteView>> split_bundle(ByteView bundle, std::size_t count);
void append_to_bundle(std::string& bundle, ByteView entry);

}  // namespace phantom::rows
