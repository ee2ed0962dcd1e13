#include "ledger/tile_paths.h"

#include "events/check.h"
#include "events/encoding.h"

#include <algorithm>

namespace phantom::tiles {
namespace {

constexpr std::string_view kTiles = "tile/";
constexpr std::string_view kEntries = "entries";
constexpr std::string_view kPartials = ".p";
constexpr std::size_t kGroupDigits = 3;

std::string number_path(std::uint64_t n) {
  std::string digits = std::to_string(n);
  digits.insert(0, (kGroupDigits - digits.size() % kGroupDigits) % kGroupDigits, '0');
  std::string path;
  for (std::size_t i = 0; i < digits.size(); i += kGroupDigits) {
    const bool last = i + kGroupDigits == digits.size();
    if (!last) path += 'x';
    path.append(digits, i, kGroupDigits);
    if (!last) path += '/';
  }
  return path;
}

std::string stem_of(const Tile& tile) {
  const bool hashes = tile.kind == Kind::kHashes;
  return std::string(kTiles) + (hashes ? std::to_string(tile.level) : std::string(kEntries)) + "/" +
         number_path(tile.n);
}

// Takes what stands before the first slash, and the slash.
std::string_view take_part(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view part = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  return part;
}

}  // namespace

std::string partials_path_of(const Tile& tile) { return stem_of(tile).append(kPartials); }

std::string path_of(const Tile& tile) {
  PH_CHECK(tile.width >= 1 && tile.width <= kWidth, "tile width");
  PH_CHECK(tile.level <= kLevelMax, "tile level");
  if (tile.full()) return stem_of(tile);
  return partials_path_of(tile) + "/" + std::to_string(tile.width);
}

std::optional<Tile> parse_path(std::string_view path) {
  const std::string whole(path);
  if (!path.starts_with(kTiles)) return std::nullopt;
  path.remove_prefix(kTiles.size());
  Tile tile;
  if (const std::string_view level = take_part(path); level == kEntries) {
    tile.kind = Kind::kEntries;
  } else {
    const auto number = parse_decimal(level);
    if (!number || *number > kLevelMax) return std::nullopt;
    tile.level = static_cast<unsigned>(*number);
  }
  std::string digits;
  while (path.starts_with('x')) digits.append(take_part(path).substr(1));
  std::string_view last = take_part(path);
  if (last.ends_with(kPartials)) {
    last.remove_suffix(kPartials.size());
    const auto width = parse_decimal(take_part(path));
    if (!width || *width == 0 || *width >= kWidth) return std::nullopt;
    tile.width = static_cast<unsigned>(*width);
  }
  digits.append(last);
  const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  const auto n = parse_decimal(zeros == digits.size() ? "0" : digits.substr(zeros));
  if (!n) return std::nullopt;
  tile.n = *n;
  // Grouping, padding and what is left over: one tile has one name.
  if (path_of(tile) != whole) return std::nullopt;
  return tile;
}

Level level_of(unsigned level, std::uint64_t size) {
  const unsigned shift = level * kHeight;
  const std::uint64_t hashes = shift >= 64 ? 0 : size >> shift;
  return {hashes / kWidth, static_cast<unsigned>(hashes % kWidth)};
}

void for_each_tile(std::uint64_t size, const std::function<void(const Tile&)>& visit) {
  const auto visit_level = [&](Kind kind, unsigned level) {
    const Level held = level_of(level, size);
    for (std::uint64_t n = 0; n < held.full; ++n) visit({kind, level, n, kWidth});
    if (held.partial != 0) visit({kind, level, held.full, held.partial});
  };
  visit_level(Kind::kEntries, 0);
  for (unsigned level = 0; !level_of(level, size).empty(); ++level) {
    visit_level(Kind::kHashes, level);
  }
}

bool is_within(const Tile& tile, std::uint64_t size) {
  const Level held = level_of(tile.level, size);
  return tile.n < held.full || (tile.n == held.full && tile.width <= held.partial);
}

}  // namespace phantom::tiles
