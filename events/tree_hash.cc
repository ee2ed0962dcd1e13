#include "events/tree_hash.h"

#include "events/check.h"
#include "events/sha256.h"

#include <array>
#include <bit>
#include <vector>

namespace phantom {
namespace {

constexpr std::uint8_t kLeafPrefix = 0x00;
constexpr std::uint8_t kNodePrefix = 0x01;

void portable_leaf_hashes(std::span<const ByteView> entries, std::span<Digest> out) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    out[i] = sha256({ByteView(&kLeafPrefix, 1), entries[i]});
  }
}

void portable_node_hashes(std::span<const Digest> children, std::span<Digest> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = sha256({ByteView(&kNodePrefix, 1), children[2 * i], children[2 * i + 1]});
  }
}

const TreeHashKernel& best_kernel() {
  static const TreeHashKernel& best =
      sha_ni_tree_hash() != nullptr ? *sha_ni_tree_hash() : portable_tree_hash();
  return best;
}

}  // namespace

const TreeHashKernel& portable_tree_hash() {
  static constexpr TreeHashKernel kernel{portable_leaf_hashes, portable_node_hashes};
  return kernel;
}

void leaf_hashes(std::span<const ByteView> entries, std::span<Digest> out) {
  PH_CHECK(out.size() == entries.size(), "one hash per entry");
  best_kernel().leaf_hashes(entries, out);
}

void node_hashes(std::span<const Digest> children, std::span<Digest> out) {
  PH_CHECK(children.size() == 2 * out.size(), "two children per node");
  best_kernel().node_hashes(children, out);
}

Digest subtree_root(std::span<const Digest> hashes) {
  PH_CHECK(std::has_single_bit(hashes.size()), "a complete subtree");
  if (hashes.size() == 1) return hashes[0];
  constexpr std::size_t kOnStack = 128;  // the nodes above 256 leaves, which is what callers have
  std::array<Digest, kOnStack> few;
  std::vector<Digest> many(hashes.size() / 2 > kOnStack ? hashes.size() / 2 : 0);
  std::span<Digest> level =
      many.empty() ? std::span(few).first(hashes.size() / 2) : std::span(many);
  node_hashes(hashes, level);
  while (level.size() > 1) {
    const std::span<Digest> above = level.first(level.size() / 2);
    node_hashes(level, above);
    level = above;
  }
  return level[0];
}

}  // namespace phantom
