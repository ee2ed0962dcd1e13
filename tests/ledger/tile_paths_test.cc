#include "ledger/tile_paths.h"

#include <gtest/gtest.h>

#include <set>

namespace phantom::tiles {
namespace {

TEST(TilePaths, WritesTheNamesOfTheSpecification) {
  EXPECT_EQ(path_of({Kind::kHashes, 0, 0, 256}), "tile/0/000");
  EXPECT_EQ(path_of({Kind::kHashes, 1, 999, 256}), "tile/1/999");
  EXPECT_EQ(path_of({Kind::kHashes, 0, 1'000, 256}), "tile/0/x001/000");
  EXPECT_EQ(path_of({Kind::kHashes, 0, 1'234'067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(path_of({Kind::kHashes, 0, 273, 112}), "tile/0/273.p/112");
  EXPECT_EQ(path_of({Kind::kEntries, 0, 0, 3}), "tile/entries/000.p/3");
  EXPECT_EQ(path_of({Kind::kEntries, 0, 1'234'067, 256}), "tile/entries/x001/x234/067");
  EXPECT_EQ(path_of({Kind::kHashes, 63, 0, 1}), "tile/63/000.p/1");
  EXPECT_EQ(partials_path_of({Kind::kHashes, 2, 1'005, 9}), "tile/2/x001/005.p");
}

TEST(TilePaths, ReadsExactlyWhatItWrites) {
  for (const std::uint64_t n :
       {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{999}, std::uint64_t{1'000},
        std::uint64_t{999'999}, std::uint64_t{1'000'000}, (std::uint64_t{1} << 56) - 1}) {
    for (const unsigned width : {1U, 9U, 255U, 256U}) {
      for (const Tile& tile : {Tile{Kind::kEntries, 0, n, width}, Tile{Kind::kHashes, 0, n, width},
                               Tile{Kind::kHashes, 63, n, width}}) {
        EXPECT_EQ(parse_path(path_of(tile)), tile) << path_of(tile);
      }
    }
  }
  for (const char* path : {"",
                           "checkpoint",
                           "tile",
                           "tile/",
                           "tile/0",
                           "tile/0/",
                           "tile/0/0",
                           "tile/0/00",
                           "tile/0/0000",
                           "tile/00/000",
                           "tile/64/000",
                           "tile/-1/000",
                           "tile/x/000",
                           "tile/0/x000/000",
                           "tile/0/x01/000",
                           "tile/0/001/000",
                           "tile/0/x001",
                           "tile/0/x001/",
                           "tile/0/x001/000/",
                           "tile/0/000.p",
                           "tile/0/000.p/",
                           "tile/0/000.p/0",
                           "tile/0/000.p/256",
                           "tile/0/000.p/01",
                           "tile/0/000.p/1/",
                           "tile/0/000.p/1/2",
                           "tile/0/000/1",
                           "tile/0/x001.p/000",
                           "tile/entries",
                           "tile/entries/0a0",
                           "/tile/0/000",
                           "tile//0/000",
                           "tile/0/../000",
                           "tile/data/000",
                           "tile/0/000 ",
                           "tile/0/x999/x999/x999/x999/x999/x999/x999/999"}) {
    EXPECT_FALSE(parse_path(path)) << path;
  }
}

TEST(TilePaths, LevelsHoldWhatTheSpecificationSays) {
  // 70,000: 273 full tiles of level 0 and 112 hashes, 1 and 17 of level 1, 1 hash of level 2.
  EXPECT_EQ(level_of(0, 70'000).full, 273U);
  EXPECT_EQ(level_of(0, 70'000).partial, 112U);
  EXPECT_EQ(level_of(1, 70'000).full, 1U);
  EXPECT_EQ(level_of(1, 70'000).partial, 17U);
  EXPECT_EQ(level_of(2, 70'000).full, 0U);
  EXPECT_EQ(level_of(2, 70'000).partial, 1U);
  EXPECT_TRUE(level_of(3, 70'000).empty());
  // 65,536: no partial of levels 0 and 1.
  EXPECT_EQ(level_of(0, 65'536).full, 256U);
  EXPECT_EQ(level_of(0, 65'536).partial, 0U);
  EXPECT_EQ(level_of(1, 65'536).full, 1U);
  EXPECT_EQ(level_of(1, 65'536).partial, 0U);
  EXPECT_EQ(level_of(2, 65'536).partial, 1U);
  EXPECT_TRUE(level_of(8, ~std::uint64_t{0}).empty());
  EXPECT_TRUE(level_of(63, ~std::uint64_t{0}).empty());
}

std::set<std::string> files_of(std::uint64_t size) {
  std::set<std::string> paths;
  for_each_tile(size, [&](const Tile& tile) { EXPECT_TRUE(paths.insert(path_of(tile)).second); });
  return paths;
}

TEST(TilePaths, FilesOfSmallLogs) {
  EXPECT_EQ(files_of(0), std::set<std::string>{});
  EXPECT_EQ(files_of(1), (std::set<std::string>{"tile/0/000.p/1", "tile/entries/000.p/1"}));
  EXPECT_EQ(files_of(256),
            (std::set<std::string>{"tile/0/000", "tile/entries/000", "tile/1/000.p/1"}));
  EXPECT_EQ(files_of(257),
            (std::set<std::string>{"tile/0/000", "tile/entries/000", "tile/0/001.p/1",
                                   "tile/entries/001.p/1", "tile/1/000.p/1"}));
}

TEST(TilePaths, WithinMeansCalledForByThisOrASmallerSize) {
  for (const std::uint64_t size : {1U, 255U, 256U, 257U, 600U}) {
    std::set<std::string> wanted;
    for (std::uint64_t smaller = 0; smaller <= size; ++smaller) {
      wanted.merge(files_of(smaller));
    }
    std::set<std::string> within;
    for (unsigned level = 0; level < 3; ++level) {
      for (std::uint64_t n = 0; n < 4; ++n) {
        for (unsigned width = 1; width <= kWidth; ++width) {
          for (const Kind kind : {Kind::kHashes, Kind::kEntries}) {
            const Tile tile{kind, level, n, width};
            if (kind == Kind::kEntries && level > 0) continue;
            if (is_within(tile, size)) within.insert(path_of(tile));
          }
        }
      }
    }
    EXPECT_EQ(within, wanted) << size;
  }
}

}  // namespace
}  // namespace phantom::tiles
