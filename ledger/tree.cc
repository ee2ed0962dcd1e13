#include "ledger/tree.h"

#include "events/sha256.h"

#include <bit>

namespace phantom {
namespace {

constexpr std::uint8_t kNodePrefix[] = {0x01};

// Largest power of two strictly smaller than n, for n > 1: where RFC 6962 splits n leaves.
std::uint64_t split_point(std::uint64_t n) { return std::bit_floor(n - 1); }

// Root of leaves [begin, end), one range of RFC 6962's recursive split, so that begin is a multiple
// of every subtree size in it.
Result<Digest> range_root(const NodeSource& nodes, std::uint64_t begin, std::uint64_t end) {
  std::vector<Digest> parts;
  std::uint64_t position = begin;
  while (position < end) {
    const std::uint64_t width = std::bit_floor(end - position);
    const auto height = static_cast<unsigned>(std::countr_zero(width));
    PH_ASSIGN(const Digest part, nodes(height, position >> height));
    parts.push_back(part);
    position += width;
  }
  Digest root = parts.back();
  for (std::size_t i = parts.size() - 1; i-- > 0;) root = node_hash(parts[i], root);
  return root;
}

struct ProofShape {
  std::size_t inner;   // siblings on either side, below the point where the paths part
  std::size_t border;  // siblings on the left only, above it
};

ProofShape proof_shape(Seq index, std::uint64_t size) {
  const auto inner = static_cast<std::size_t>(std::bit_width(index ^ (size - 1)));
  const std::size_t border =
      inner >= 64 ? 0 : static_cast<std::size_t>(std::popcount(index >> inner));
  return {inner, border};
}

}  // namespace

Digest node_hash(const Digest& left, const Digest& right) {
  return sha256({kNodePrefix, left, right});
}

Digest empty_root() { return sha256(ByteView{}); }

CompactRange::CompactRange(std::uint64_t size, std::vector<Digest> hashes)
    : size_(size), hashes_(std::move(hashes)) {
  PH_CHECK(hashes_.size() == static_cast<std::size_t>(std::popcount(size_)), "frontier of a tree");
}

Digest CompactRange::root() const {
  if (hashes_.empty()) return empty_root();
  Digest root = hashes_.back();
  for (std::size_t i = hashes_.size() - 1; i-- > 0;) root = node_hash(hashes_[i], root);
  return root;
}

void CompactRange::append(const Digest& added, unsigned height, const Completed& completed) {
  const std::uint64_t width = std::uint64_t{1} << height;
  PH_CHECK((size_ & (width - 1)) == 0, "a subtree starts where the one before it ends");
  Digest hash = added;
  std::uint64_t index = size_ >> height;
  if (completed) completed(height, index, hash);
  while ((index & 1) != 0) {
    hash = node_hash(hashes_.back(), hash);
    hashes_.pop_back();
    ++height;
    index >>= 1;
    if (completed) completed(height, index, hash);
  }
  hashes_.push_back(hash);
  size_ += width;
}

Result<Digest> root_at(const NodeSource& nodes, std::uint64_t size) {
  if (size == 0) return empty_root();
  return range_root(nodes, 0, size);
}

Result<std::vector<Digest>> inclusion_proof(const NodeSource& nodes, Seq index,
                                            std::uint64_t size) {
  if (index >= size) return Error{Code::kInvalid, "the tree has no such leaf"};
  std::vector<Digest> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + split_point(end - begin);
    const bool left = index < middle;
    PH_ASSIGN(const Digest sibling,
              left ? range_root(nodes, middle, end) : range_root(nodes, begin, middle));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  return std::vector<Digest>(proof.rbegin(), proof.rend());
}

Result<std::vector<Digest>> consistency_proof(const NodeSource& nodes, std::uint64_t first,
                                              std::uint64_t second) {
  if (first == 0 || first > second) {
    return Error{Code::kInvalid, "a consistency proof needs sizes 0 < first <= second"};
  }
  std::vector<Digest> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = second;
  // Follow the split that the old tree's right edge runs through until it is a whole subtree.
  while (first != end) {
    const std::uint64_t middle = begin + split_point(end - begin);
    const bool left = first <= middle;
    PH_ASSIGN(const Digest sibling,
              left ? range_root(nodes, middle, end) : range_root(nodes, begin, middle));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  // An old tree that is a subtree of the new one from its start is known to the verifier.
  if (begin != 0) {
    PH_ASSIGN(const Digest seed, range_root(nodes, begin, end));
    proof.push_back(seed);
  }
  return std::vector<Digest>(proof.rbegin(), proof.rend());
}

bool verify_inclusion(const Digest& leaf, Seq index, std::uint64_t size,
                      const std::vector<Digest>& proof, const Digest& root) {
  if (index >= size) return false;
  const ProofShape shape = proof_shape(index, size);
  if (proof.size() != shape.inner + shape.border) return false;
  Digest hash = leaf;
  for (std::size_t i = 0; i < proof.size(); ++i) {
    const bool left = i < shape.inner && ((index >> i) & 1) == 0;
    hash = left ? node_hash(hash, proof[i]) : node_hash(proof[i], hash);
  }
  return hash == root;
}

bool verify_consistency(std::uint64_t first, const Digest& first_root, std::uint64_t second,
                        const Digest& second_root, const std::vector<Digest>& proof) {
  if (first == 0 || first > second) return false;
  if (first == second) return proof.empty() && first_root == second_root;

  const auto shift = static_cast<std::size_t>(std::countr_zero(first));
  ProofShape shape = proof_shape(first - 1, second);
  shape.inner -= shift;
  const bool whole_subtree = std::has_single_bit(first);
  const std::size_t start = whole_subtree ? 0 : 1;
  if (proof.size() != start + shape.inner + shape.border) return false;

  // Both roots grow from the same hashes; the old one only from those on its left.
  Digest old_hash = whole_subtree ? first_root : proof[0];
  Digest new_hash = old_hash;
  const std::uint64_t path = (first - 1) >> shift;
  for (std::size_t i = 0; start + i < proof.size(); ++i) {
    const Digest& sibling = proof[start + i];
    const bool left = i < shape.inner && ((path >> i) & 1) == 0;
    if (left) {
      new_hash = node_hash(new_hash, sibling);
    } else {
      new_hash = node_hash(sibling, new_hash);
      old_hash = node_hash(sibling, old_hash);
    }
  }
  return old_hash == first_root && new_hash == second_root;
}

}  // namespace phantom
