// Property: a path of a published log names one tile and a tile has one path, a log serves what its
// own size calls for, and a bundle that splits holds the entries the ledger's own reader sees.

#include "ledger/rows.h"
#include "ledger/tile_fetch.h"
#include "ledger/tile_paths.h"
#include "tests/fuzz/fuzz.h"

namespace phantom::fuzz {
namespace {

constexpr std::uint64_t kSizeMax = 200'000;

void check_path(std::string_view text) {
  const auto tile = tiles::parse_path(text);
  if (!tile) return;
  PH_CHECK(tiles::path_of(*tile) == text, "two paths of one tile");
  PH_CHECK(tile->level <= tiles::kLevelMax, "a level no log has");
  PH_CHECK(tile->width >= 1 && tile->width <= tiles::kWidth, "a tile without a width");
  PH_CHECK(tile->kind == tiles::Kind::kHashes || tile->level == 0, "entries above the leaves");
  PH_CHECK(text.find("..") == std::string_view::npos && !text.starts_with('/') &&
               is_printable_line(text),
           "a path out of the directory");
  PH_CHECK(text.starts_with(tiles::partials_path_of(*tile)) == !tile->full(), "partials elsewhere");
}

void check_tile(Choices& choices) {
  tiles::Tile tile;
  tile.kind = choices.u8() % 2 == 0 ? tiles::Kind::kHashes : tiles::Kind::kEntries;
  if (tile.kind == tiles::Kind::kHashes) {
    tile.level = static_cast<unsigned>(choices.below(tiles::kLevelMax + 1));
  }
  for (std::size_t i = 0; i < choices.below(9); ++i) tile.n = tile.n << 8 | choices.u8();
  tile.width = static_cast<unsigned>(1 + choices.below(tiles::kWidth));
  const auto again = tiles::parse_path(tiles::path_of(tile));
  PH_CHECK(again && *again == tile, "a tile's own path names another");
  const std::uint64_t size = (std::uint64_t{choices.u16()} << 16 | choices.u16()) % kSizeMax;
  if (tiles::is_within(tile, size)) {
    PH_CHECK(tiles::is_within(tile, size + 1), "a log that grows serves less");
  }
}

void check_size(std::uint64_t size) {
  std::uint64_t entries = 0;
  tiles::for_each_tile(size, [&](const tiles::Tile& tile) {
    PH_CHECK(tiles::is_within(tile, size), "a log calls for what it may not serve");
    PH_CHECK(tile.width >= 1 && tile.width <= tiles::kWidth, "an empty tile");
    if (tile.kind == tiles::Kind::kEntries) entries += tile.width;
  });
  PH_CHECK(entries == size, "bundles hold another number of entries");
}

void check_bundle(ByteView bundle) {
  const auto entries = rows::split_entries(bundle);
  const auto width = static_cast<unsigned>(entries ? entries->size() : 3);
  const auto same = split_bundle(bundle, width, width);
  PH_CHECK(entries.has_value() || !same, "only one reader splits it");
  if (!entries) return;
  const auto equal = [](ByteView a, ByteView b) {
    return a.data() == b.data() && a.size() == b.size();
  };
  PH_CHECK(same && std::equal(same->begin(), same->end(), entries->begin(), entries->end(), equal),
           "two readers see other entries");
  PH_CHECK(!split_bundle(bundle, width + 1, 1), "one bundle of two widths");
  const auto start = split_bundle(bundle, width, width / 2);
  PH_CHECK(start && std::equal(start->begin(), start->end(), entries->begin(),
                               entries->begin() + width / 2, equal),
           "the start of a bundle is another");
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  const ByteView bytes(data, size);
  fuzz::check_path(as_text(bytes));
  fuzz::check_bundle(bytes);
  fuzz::Choices choices(bytes);
  fuzz::check_tile(choices);
  fuzz::check_size(std::uint64_t{choices.u16()} << choices.below(3));
  return 0;
}
