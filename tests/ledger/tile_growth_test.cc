#include "ledger/tile_growth.h"

#include "events/envelope.h"

#include <gtest/gtest.h>

#include <map>

namespace phantom {
namespace {

Digest leaf(std::uint64_t i) { return leaf_hash(as_bytes("leaf " + std::to_string(i))); }

struct Grown {
  TileGrowth growth;
  std::map<std::pair<unsigned, std::uint64_t>, std::vector<Digest>> full;

  void grow_to(std::uint64_t size) {
    while (growth.size() < size) {
      growth.append(leaf(growth.size()),
                    [this](unsigned level, std::uint64_t n, const std::vector<Digest>& hashes) {
                      EXPECT_TRUE(full.emplace(std::pair(level, n), hashes).second);
                    });
    }
  }

  Result<Digest> node(unsigned height, std::uint64_t index) const {
    const unsigned level = height / 8;
    const std::uint64_t first = index << (height % 8);
    const auto tile = full.find({level, first / 256});
    const std::vector<Digest>& hashes = tile == full.end() ? growth.open().at(level) : tile->second;
    CompactRange range;
    for (std::uint64_t i = 0; i < std::uint64_t{1} << (height % 8); ++i) {
      range.append(hashes.at(first % 256 + i));
    }
    return range.root();
  }
};

// The example of C2SP tlog-tiles: a tree of 70,000 leaves.
TEST(TileGrowth, ATreeOf70000LeavesHasTheTilesOfTheSpecification) {
  Grown grown;
  grown.grow_to(70'000);
  std::map<unsigned, std::size_t> count;
  for (const auto& [key, hashes] : grown.full) {
    EXPECT_EQ(hashes.size(), 256U);
    ++count[key.first];
  }
  EXPECT_EQ(count[0], 273U);
  EXPECT_EQ(count[1], 1U);
  ASSERT_EQ(grown.growth.open().size(), 3U);
  EXPECT_EQ(grown.growth.open()[0].size(), 112U);
  EXPECT_EQ(grown.growth.open()[1].size(), 17U);
  EXPECT_EQ(grown.growth.open()[2].size(), 1U);
}

TEST(TileGrowth, GoesOnWhereAnotherOneStopped) {
  for (const std::uint64_t size :
       {0ULL, 1ULL, 255ULL, 256ULL, 257ULL, 65'535ULL, 65'536ULL, 65'800ULL}) {
    Grown before;
    before.grow_to(size);
    auto resumed = TileGrowth::resume(
        [&](unsigned height, std::uint64_t index) { return before.node(height, index); }, size);
    ASSERT_TRUE(resumed.ok());
    EXPECT_EQ(resumed->root(), before.growth.root());
    Grown after{std::move(*resumed), before.full};
    after.grow_to(size + 300);
    before.grow_to(size + 300);
    EXPECT_EQ(after.growth.root(), before.growth.root()) << size;
    EXPECT_EQ(after.full, before.full);
    EXPECT_EQ(after.growth.open(), before.growth.open());
  }
}

TEST(TileGrowth, AnErrorOfTheNodesPassesThrough) {
  const auto broken = TileGrowth::resume(
      [](unsigned, std::uint64_t) -> Result<Digest> {
        return Error{Code::kCorrupt, "no"};
      },
      5);
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace phantom
