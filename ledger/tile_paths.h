#pragma once
// Names of the files of a C2SP tlog-tiles directory, and which of them a log of a given size
// serves. Pure. https://c2sp.org/tlog-tiles
//
//   checkpoint                      the newest signed checkpoint
//   tile/<L>/<N>[.p/<W>]            hashes 256*N .. 256*N+W-1 of level L, 32 bytes each
//   tile/entries/<N>[.p/<W>]        entries 256*N .. 256*N+W-1, each be16(length) || bytes
//
// N is written in groups of three digits, all but the last with an x: 1234067 is x001/x234/067.
// W stands only in the name of a partial tile, 1..255.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace phantom::tiles {

inline constexpr unsigned kWidth = 256;
inline constexpr unsigned kHeight = 8;  // of a tile: it spans this many levels of the tree
inline constexpr std::string_view kCheckpointPath = "checkpoint";
inline constexpr unsigned kLevelMax = 63;

enum class Kind { kHashes, kEntries };

struct Tile {
  Kind kind = Kind::kHashes;
  unsigned level = 0;  // 0 for entries
  std::uint64_t n = 0;
  unsigned width = kWidth;  // kWidth: a full one

  bool full() const { return width == kWidth; }
  friend bool operator==(const Tile&, const Tile&) = default;
};

std::string path_of(const Tile& tile);
// None for anything path_of does not write.
std::optional<Tile> parse_path(std::string_view path);
// "tile/0/x001/234.p", where the partials of a tile are.
std::string partials_path_of(const Tile& tile);

// What a level holds in a tree of `size` leaves: full tiles 0 .. full-1, then a partial one when
// its width is not 0.
struct Level {
  std::uint64_t full = 0;
  unsigned partial = 0;

  bool empty() const { return full == 0 && partial == 0; }
};
Level level_of(unsigned level, std::uint64_t size);

// Calls `visit` for each tile and bundle that a log must have once it has published a checkpoint of
// `size`.
void for_each_tile(std::uint64_t size, const std::function<void(const Tile&)>& visit);

// True when a log of `size` may serve this tile: it is called for by `size` or by a smaller size.
bool is_within(const Tile& tile, std::uint64_t size);

}  // namespace phantom::tiles
