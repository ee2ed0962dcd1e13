#include "events/tree_hash.h"

#include "events/encoding.h"
#include "events/sha256.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace phantom {
namespace {

Bytes random_bytes(SeededRandom& random, std::size_t size) {
  Bytes bytes(size);
  random.fill(bytes);
  return bytes;
}

Digest reference_leaf(ByteView entry) {
  Bytes message{0x00};
  message.insert(message.end(), entry.begin(), entry.end());
  return sha256(message);
}

Digest reference_node(const Digest& left, const Digest& right) {
  Bytes message{0x01};
  message.insert(message.end(), left.begin(), left.end());
  message.insert(message.end(), right.begin(), right.end());
  return sha256(message);
}

std::vector<ByteView> views(const std::vector<Bytes>& entries) {
  return {entries.begin(), entries.end()};
}

// Every test runs on each way to hash that this CPU has.
class TreeHash : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    kernel_ =
        std::string_view(GetParam()) == "portable" ? &portable_tree_hash() : sha_ni_tree_hash();
    if (kernel_ == nullptr) GTEST_SKIP() << "this CPU has no SHA instructions";
  }

  std::vector<Digest> leaves(const std::vector<Bytes>& entries) const {
    std::vector<Digest> out(entries.size());
    kernel_->leaf_hashes(views(entries), out);
    return out;
  }
  std::vector<Digest> nodes(std::span<const Digest> children) const {
    std::vector<Digest> out(children.size() / 2);
    kernel_->node_hashes(children, out);
    return out;
  }
  void expect_leaves_match(const std::vector<Bytes>& entries) const {
    const std::vector<Digest> out = leaves(entries);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      ASSERT_EQ(out[i], reference_leaf(entries[i]))
          << "entry " << i << " of " << entries.size() << ", " << entries[i].size() << " bytes";
    }
  }

  const TreeHashKernel* kernel_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Kernels, TreeHash, testing::Values("portable", "sha_ni"),
                         [](const auto& test) { return std::string(test.param); });

// transparency-dev/merkle, rfc6962/rfc6962_test.go.
TEST_P(TreeHash, KnownAnswersOfRfc6962) {
  EXPECT_EQ(to_hex(leaves({Bytes()})[0]),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(to_hex(leaves({to_bytes("L123456")})[0]),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
}

// certificate-transparency, cpp/merkletree/merkle_tree_test.cc: eight inputs, roots of 1, 2, 4, 8.
TEST_P(TreeHash, RootsOfTheCertificateTransparencyTree) {
  std::vector<Bytes> entries;
  for (const char* hex : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                          "606162636465666768696a6b6c6d6e6f"}) {
    entries.push_back(*from_hex(hex));
  }
  const std::vector<Digest> hashes = leaves(entries);
  std::vector<Digest> level = hashes;
  const char* const roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                               "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                               "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  EXPECT_EQ(to_hex(level[0]), roots[0]);
  for (std::size_t height = 1; height <= 3; ++height) {
    EXPECT_EQ(to_hex(subtree_root(std::span(hashes).first(std::size_t{1} << height))),
              roots[height]);
    level = nodes(level);
    EXPECT_EQ(to_hex(level[0]), roots[height]);
  }
}

// NIST, additional SHA-256 test vectors: messages of zeros, whose first byte is that of a leaf.
TEST_P(TreeHash, KnownAnswersOfNist) {
  const std::pair<std::size_t, const char*> vectors[] = {
      {55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
      {56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"},
      {57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"},
      {64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
      {1'000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"},
      {1'000'000, "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025"}};
  std::vector<Bytes> entries;
  for (const auto& [size, digest] : vectors) entries.emplace_back(size - 1);
  const std::vector<Digest> out = leaves(entries);
  for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(to_hex(out[i]), vectors[i].second);
}

TEST_P(TreeHash, EveryLengthAgreesWithOpenSsl) {
  SeededRandom random(1);
  std::vector<Bytes> entries;
  for (std::size_t size = 0; size <= 300; ++size) entries.push_back(random_bytes(random, size));
  for (std::size_t size = 65'400; size <= 65'540; ++size) {
    entries.push_back(random_bytes(random, size));
  }
  expect_leaves_match(entries);
  for (const Bytes& entry : entries) expect_leaves_match({entry});
}

TEST_P(TreeHash, GroupsOfAnySizeAndMixedLengths) {
  SeededRandom random(2);
  for (int round = 0; round < 200; ++round) {
    std::vector<Bytes> entries;
    const std::uint64_t longest = std::uint64_t{1} << random.below(13);
    for (std::uint64_t i = random.below(20); i > 0; --i) {
      entries.push_back(random_bytes(random, random.below(longest)));
    }
    expect_leaves_match(entries);
  }
}

TEST_P(TreeHash, OneLongEntryAmongShortOnes) {
  SeededRandom random(3);
  for (std::size_t place = 0; place < 9; ++place) {
    std::vector<Bytes> entries;
    for (std::size_t i = 0; i < 9; ++i) {
      entries.push_back(random_bytes(random, i == place ? 65'535 : i));
    }
    expect_leaves_match(entries);
  }
}

// Entries stand anywhere in a row, at odd addresses and up to its last byte. The address sanitizer
// sees a read past the end, because the block ends with the entry.
TEST_P(TreeHash, EntriesAtAnyAddress) {
  SeededRandom random(4);
  for (std::size_t size = 0; size < 260; ++size) {
    for (std::size_t offset = 0; offset < 17; offset += 4) {
      const auto block = std::make_unique<std::uint8_t[]>(offset + size);
      const ByteView entry(block.get() + offset, size);
      random.fill({block.get(), offset + size});
      Digest out;
      kernel_->leaf_hashes({&entry, 1}, {&out, 1});
      ASSERT_EQ(out, reference_leaf(entry)) << size << " at " << offset;
    }
  }
}

TEST_P(TreeHash, NodesOfAnyNumberOfPairs) {
  SeededRandom random(5);
  for (std::size_t pairs = 0; pairs <= 21; ++pairs) {
    std::vector<Digest> children(2 * pairs);
    for (Digest& child : children) random.fill(child);
    const std::vector<Digest> out = nodes(children);
    for (std::size_t i = 0; i < pairs; ++i) {
      ASSERT_EQ(out[i], reference_node(children[2 * i], children[2 * i + 1])) << i;
    }
  }
}

TEST_P(TreeHash, NodesMayReplaceTheirChildren) {
  SeededRandom random(6);
  for (std::size_t pairs = 0; pairs <= 21; ++pairs) {
    std::vector<Digest> children(2 * pairs);
    for (Digest& child : children) random.fill(child);
    const std::vector<Digest> apart = nodes(children);
    kernel_->node_hashes(children, std::span(children).first(pairs));
    EXPECT_TRUE(std::equal(apart.begin(), apart.end(), children.begin())) << pairs;
  }
}

TEST_P(TreeHash, NothingIsWrittenForNoEntries) {
  kernel_->leaf_hashes({}, {});
  kernel_->node_hashes({}, {});
}

TEST(TreeHashOfThisCpu, TakesTheSameHashes) {
  SeededRandom random(7);
  std::vector<Bytes> entries;
  for (std::size_t i = 0; i < 16; ++i) entries.push_back(random_bytes(random, 40 * i));
  std::vector<Digest> fast(entries.size());
  leaf_hashes(views(entries), fast);
  for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(fast[i], reference_leaf(entries[i]));
  std::vector<Digest> above(entries.size() / 2);
  node_hashes(fast, above);
  for (std::size_t i = 0; i < above.size(); ++i) {
    EXPECT_EQ(above[i], reference_node(fast[2 * i], fast[2 * i + 1]));
  }
}

TEST(SubtreeRoot, FoldsPairsUpToOne) {
  SeededRandom random(8);
  for (std::size_t size = 1; size <= 1'024; size *= 2) {
    std::vector<Digest> level(size);
    for (Digest& hash : level) random.fill(hash);
    const Digest root = subtree_root(level);
    while (level.size() > 1) {
      for (std::size_t i = 0; i < level.size() / 2; ++i) {
        level[i] = reference_node(level[2 * i], level[2 * i + 1]);
      }
      level.resize(level.size() / 2);
    }
    EXPECT_EQ(root, level[0]) << size;
  }
}

TEST(SubtreeRootDeathTest, RefusesASizeThatIsNoPowerOfTwo) {
  const std::vector<Digest> three(3);
  EXPECT_DEATH((void)subtree_root(three), "complete subtree");
  EXPECT_DEATH((void)subtree_root({}), "complete subtree");
}

}  // namespace
}  // namespace phantom
