#include "ledger/tree.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/sha256.h"
#include "ledger/rows.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

Digest hex_digest(std::string_view text) {
  const auto bytes = from_hex(text);
  PH_CHECK(bytes && bytes->size() == 32, "a digest in hex");
  Digest digest{};
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

Digest base64_digest(std::string_view text) {
  const auto bytes = from_base64(text);
  PH_CHECK(bytes && bytes->size() == 32, "a digest in base64");
  Digest digest{};
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

// Works a tree out from all its leaves, by the recursive definition of RFC 6962.
class PlainTree {
 public:
  explicit PlainTree(std::vector<Digest> leaves) : leaves_(std::move(leaves)) {}

  Digest root(std::uint64_t begin, std::uint64_t end) const {
    if (begin == end) return empty_root();
    if (end - begin == 1) return leaves_.at(begin);
    std::uint64_t split = 1;
    while (split * 2 < end - begin) split *= 2;
    return node_hash(root(begin, begin + split), root(begin + split, end));
  }
  Digest root(std::uint64_t size) const { return root(0, size); }
  const Digest& leaf(Seq index) const { return leaves_.at(index); }
  std::uint64_t size() const { return leaves_.size(); }
  NodeSource nodes() const {
    return [this](unsigned height, std::uint64_t index) -> Result<Digest> {
      const std::uint64_t end = (index + 1) << height;
      if (end > leaves_.size()) return Error{Code::kNotFound, "no such subtree"};
      return root(index << height, end);
    };
  }

 private:
  std::vector<Digest> leaves_;
};

PlainTree rfc_tree() {
  std::vector<Digest> leaves;
  for (const char* input : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                            "606162636465666768696a6b6c6d6e6f"}) {
    leaves.push_back(leaf_hash(*from_hex(input)));
  }
  return PlainTree(std::move(leaves));
}

PlainTree tessera_tree() {
  std::vector<Digest> leaves;
  for (const char* word : {"one", "two", "three", "four", "five", "six", "seven", "eit", "nain",
                           "ten", "ileven", "twelf", "threeten", "fourten", "fivten"}) {
    leaves.push_back(leaf_hash(as_bytes(word)));
  }
  return PlainTree(std::move(leaves));
}

PlainTree counted_tree(std::uint64_t size) {
  std::vector<Digest> leaves;
  for (std::uint64_t i = 0; i < size; ++i) leaves.push_back(leaf_hash(as_bytes(std::to_string(i))));
  return PlainTree(std::move(leaves));
}

constexpr const char* kRfcRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
constexpr const char* kRightPair =
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";

TEST(Tree, HasherKnownAnswers) {
  EXPECT_EQ(leaf_hash(as_bytes("L123456")),
            hex_digest("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"));
  const std::uint8_t prefix[] = {1};
  EXPECT_EQ(sha256({prefix, as_bytes("N123"), as_bytes("N456")}),
            hex_digest("aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"));
  EXPECT_EQ(leaf_hash(as_bytes("hello world")),
            base64_digest("TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0="));
}

TEST(Tree, RfcRootsGrowLeafByLeaf) {
  const PlainTree tree = rfc_tree();
  CompactRange range;
  EXPECT_EQ(range.root(), hex_digest(kRfcRoots[0]));
  for (std::uint64_t size = 1; size <= 8; ++size) {
    range.append(tree.leaf(size - 1));
    EXPECT_EQ(range.root(), hex_digest(kRfcRoots[size]));
    EXPECT_EQ(*root_at(tree.nodes(), size), hex_digest(kRfcRoots[size]));
  }
  EXPECT_EQ(*root_at(tree.nodes(), 0), empty_root());
}

TEST(Tree, RfcInclusionVectors) {
  const PlainTree tree = rfc_tree();
  const std::vector<Digest> five_of_eight = {
      hex_digest("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
      hex_digest(kRightPair), hex_digest(kRfcRoots[4])};
  EXPECT_EQ(*inclusion_proof(tree.nodes(), 5, 8), five_of_eight);
  EXPECT_TRUE(verify_inclusion(tree.leaf(5), 5, 8, five_of_eight, hex_digest(kRfcRoots[8])));
  const std::vector<Digest> two_of_three = {hex_digest(kRfcRoots[2])};
  EXPECT_EQ(*inclusion_proof(tree.nodes(), 2, 3), two_of_three);
  EXPECT_TRUE(verify_inclusion(tree.leaf(2), 2, 3, two_of_three, hex_digest(kRfcRoots[3])));
}

TEST(Tree, RfcConsistencyVectors) {
  const PlainTree tree = rfc_tree();
  const std::vector<Digest> six_to_eight = {
      hex_digest("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
      hex_digest(kRightPair), hex_digest(kRfcRoots[4])};
  EXPECT_EQ(*consistency_proof(tree.nodes(), 6, 8), six_to_eight);
  EXPECT_TRUE(
      verify_consistency(6, hex_digest(kRfcRoots[6]), 8, hex_digest(kRfcRoots[8]), six_to_eight));
  const std::vector<Digest> four_to_eight = {
      hex_digest("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4")};
  EXPECT_EQ(*consistency_proof(tree.nodes(), 4, 8), four_to_eight);
}

TEST(Tree, WholeTesseraLog) {
  const PlainTree tree = tessera_tree();
  EXPECT_EQ(tree.root(1), base64_digest("0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek="));
  EXPECT_EQ(*root_at(tree.nodes(), 7),
            base64_digest("IrSXADBqJ7EQoUODSDKROySgNveeL6CFhik2w/+fS7U="));
  EXPECT_EQ(*root_at(tree.nodes(), 15),
            base64_digest("rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs="));
  std::vector<Digest> six_of_fifteen = {
      base64_digest("ThcgoV2DYcK+VCxBUDWAlNxmLy2r7dq7dK7+OlgQKWs="),
      base64_digest("ycRkkNklus5eMVRUvkD1pK321vMrA+jjOiZKU8aOcY4="),
      base64_digest("zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co="),
      base64_digest("5jLpqTgjsBDSEX6SgZiRnbTMdTuRd8bQ5tSsAOxe0Ks=")};
  EXPECT_EQ(*inclusion_proof(tree.nodes(), 6, 15), six_of_fifteen);
  six_of_fifteen.insert(six_of_fifteen.begin(),
                        base64_digest("2Q0P5jSR+TdkwdXWyx+GbBWX0KZbNZkWzCjyTPSozsw="));
  EXPECT_EQ(*consistency_proof(tree.nodes(), 7, 15), six_of_fifteen);

  std::string bundle;
  for (const char* word : {"one", "two", "three"}) rows::append_to_bundle(bundle, as_bytes(word));
  EXPECT_EQ(to_hex(as_bytes(bundle)), "00036f6e65000374776f00057468726565");
}

TEST(Tree, EveryProofUpToSize40VerifiesAndNoOtherDoes) {
  const PlainTree tree = counted_tree(40);
  const NodeSource nodes = tree.nodes();
  for (std::uint64_t size = 1; size <= tree.size(); ++size) {
    const Digest root = tree.root(size);
    for (Seq index = 0; index < size; ++index) {
      auto proof = *inclusion_proof(nodes, index, size);
      ASSERT_TRUE(verify_inclusion(tree.leaf(index), index, size, proof, root));
      EXPECT_FALSE(verify_inclusion(tree.leaf(index), index + 1, size, proof, root));
      EXPECT_FALSE(verify_inclusion(root, index, size, proof, root) && size > 1);
      for (Digest& hash : proof) {
        hash[7] ^= 1;
        EXPECT_FALSE(verify_inclusion(tree.leaf(index), index, size, proof, root));
        hash[7] ^= 1;
      }
      proof.push_back(root);
      EXPECT_FALSE(verify_inclusion(tree.leaf(index), index, size, proof, root));
      proof.resize(proof.size() - std::min<std::size_t>(proof.size(), 2));
      EXPECT_EQ(verify_inclusion(tree.leaf(index), index, size, proof, root), size == 1);
    }
    for (std::uint64_t first = 1; first <= size; ++first) {
      auto proof = *consistency_proof(nodes, first, size);
      const Digest old_root = tree.root(first);
      ASSERT_TRUE(verify_consistency(first, old_root, size, root, proof));
      Digest other = old_root;
      other[0] ^= 1;
      EXPECT_FALSE(verify_consistency(first, other, size, root, proof));
      EXPECT_FALSE(verify_consistency(first, old_root, size, other, proof));
      for (Digest& hash : proof) {
        hash[31] ^= 0x80;
        EXPECT_FALSE(verify_consistency(first, old_root, size, root, proof));
        hash[31] ^= 0x80;
      }
      if (first < size) {
        EXPECT_FALSE(verify_consistency(size, root, first, old_root, proof));
      }
      proof.push_back(root);
      EXPECT_FALSE(verify_consistency(first, old_root, size, root, proof));
    }
  }
}

TEST(Tree, RefusesProofsThatCannotBe) {
  const PlainTree tree = counted_tree(4);
  EXPECT_FALSE(inclusion_proof(tree.nodes(), 4, 4).ok());
  EXPECT_FALSE(inclusion_proof(tree.nodes(), 0, 0).ok());
  EXPECT_FALSE(consistency_proof(tree.nodes(), 0, 4).ok());
  EXPECT_FALSE(consistency_proof(tree.nodes(), 3, 2).ok());
  EXPECT_FALSE(verify_consistency(0, empty_root(), 4, tree.root(4), {}));
  EXPECT_FALSE(verify_inclusion(tree.leaf(0), 0, 0, {}, empty_root()));
  // A missing node is passed on, not papered over.
  EXPECT_EQ(inclusion_proof(tree.nodes(), 0, 9).error().code, Code::kNotFound);
}

TEST(Tree, HugeSizesDoNotOverflow) {
  const Digest leaf = empty_root();
  const std::uint64_t most = ~std::uint64_t{0};
  EXPECT_FALSE(verify_inclusion(leaf, most - 1, most, {}, leaf));
  EXPECT_FALSE(verify_inclusion(leaf, 0, most, std::vector<Digest>(64, leaf), leaf));
  EXPECT_FALSE(verify_consistency(1, leaf, most, leaf, std::vector<Digest>(64, leaf)));
  EXPECT_FALSE(verify_consistency(most - 1, leaf, most, leaf, std::vector<Digest>(3, leaf)));
}

TEST(Tree, CompactRangeReportsEverySubtreeItCompletes) {
  const PlainTree tree = counted_tree(20);
  CompactRange range;
  std::size_t completed = 0;
  for (Seq i = 0; i < tree.size(); ++i) {
    range.append(tree.leaf(i), 0, [&](unsigned height, std::uint64_t index, const Digest& hash) {
      EXPECT_EQ(hash, tree.root(index << height, (index + 1) << height));
      EXPECT_EQ((index + 1) << height, i + 1);
      ++completed;
    });
  }
  EXPECT_EQ(completed, 20U + 10 + 5 + 2 + 1);
  EXPECT_EQ(CompactRange(20, range.hashes()).root(), tree.root(20));
}

}  // namespace
}  // namespace phantom
