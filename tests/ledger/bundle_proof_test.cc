#include "ledger/bundle_proof.h"

#include "ledger/tree.h"
#include "tests/support/ledger_listed.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

using Subtree = std::pair<unsigned, std::uint64_t>;

std::vector<Subtree> subtrees(std::uint64_t from, std::uint64_t to) {
  std::vector<Subtree> all;
  const Status done = for_each_gap_subtree(from, to, [&](unsigned height, std::uint64_t index) {
    all.emplace_back(height, index);
    return Status();
  });
  EXPECT_TRUE(done.ok());
  return all;
}

TEST(BundleProof, GapsAreCutIntoTheBiggestSubtreesThatFit) {
  EXPECT_TRUE(subtrees(5, 5).empty());
  EXPECT_EQ(subtrees(0, 8), (std::vector<Subtree>{{3, 0}}));
  EXPECT_EQ(subtrees(0, 7), (std::vector<Subtree>{{2, 0}, {1, 2}, {0, 6}}));
  EXPECT_EQ(subtrees(1, 8), (std::vector<Subtree>{{0, 1}, {1, 1}, {2, 1}}));
  EXPECT_EQ(subtrees(3, 14), (std::vector<Subtree>{{0, 3}, {2, 1}, {2, 2}, {1, 6}}));
  EXPECT_EQ(subtrees(0, std::uint64_t{1} << 63), (std::vector<Subtree>{{63, 0}}));
}

// Against the proofs of ledger/tree.h: with one leaf disclosed, the parts combine to the same root.
TEST(BundleProof, AnyLeavesWithTheHashesBetweenThemGiveTheRoot) {
  ListedLedger ledger;
  for (std::uint8_t i = 0; i < 100; ++i) ledger.add(Bytes(3, i));
  for (std::uint64_t size = 1; size <= 100; size += 11) {
    const Digest root = ledger.root_of(size);
    for (std::uint64_t stride = 1; stride <= size; stride += 3) {
      CompactRange range;
      const auto bridge = [&](std::uint64_t to) {
        return for_each_gap_subtree(range.size(), to,
                                    [&](unsigned height, std::uint64_t index) -> Status {
                                      PH_ASSIGN(const Digest hash, ledger.node(height, index));
                                      range.append(hash, height);
                                      return {};
                                    });
      };
      for (std::uint64_t leaf = stride / 2; leaf < size; leaf += stride) {
        ASSERT_TRUE(bridge(leaf).ok());
        range.append(ledger.node(0, leaf).value());
      }
      ASSERT_TRUE(bridge(size).ok());
      EXPECT_EQ(range.size(), size);
      EXPECT_EQ(range.root(), root) << size << " by " << stride;
    }
  }
}

// In a full tree the hashes for one leaf are those of its inclusion proof.
TEST(BundleProof, OneLeafNeedsAsManyHashesAsItsInclusionProof) {
  ListedLedger ledger;
  for (std::uint8_t i = 0; i < 64; ++i) ledger.add(Bytes(3, i));
  const NodeSource nodes = [&](unsigned height, std::uint64_t index) {
    return ledger.node(height, index);
  };
  for (Seq leaf = 0; leaf < 64; ++leaf) {
    std::vector<Digest> hashes;
    for (const auto& [height, index] : subtrees(0, leaf)) {
      hashes.push_back(ledger.node(height, index).value());
    }
    for (const auto& [height, index] : subtrees(leaf + 1, 64)) {
      hashes.push_back(ledger.node(height, index).value());
    }
    auto proof = inclusion_proof(nodes, leaf, 64).value();
    std::sort(hashes.begin(), hashes.end());
    std::sort(proof.begin(), proof.end());
    EXPECT_EQ(hashes, proof) << leaf;
  }
}

}  // namespace
}  // namespace phantom::test
