#pragma once
// The RFC 6962 Merkle tree: roots, growth and proofs. Pure.

#include "events/result.h"
#include "events/types.h"

#include <functional>
#include <vector>

namespace phantom {

Digest node_hash(const Digest& left, const Digest& right);  // SHA-256(0x01 || left || right)
Digest empty_root();                                        // SHA-256("")

// The frontier of a growing tree: one hash per set bit of its size, biggest subtree first.
class CompactRange {
 public:
  CompactRange() = default;
  // Frontier of a tree of `size` leaves; hashes.size() is the number of set bits of size.
  CompactRange(std::uint64_t size, std::vector<Digest> hashes);

  std::uint64_t size() const { return size_; }
  const std::vector<Digest>& hashes() const { return hashes_; }
  Digest root() const;

  // Appends a complete subtree of 2^height leaves (height 0: a leaf); size() must be a multiple of
  // that. `completed` is called for it and every subtree it completes, with height, index and hash.
  using Completed = std::function<void(unsigned, std::uint64_t, const Digest&)>;
  void append(const Digest& hash, unsigned height = 0, const Completed& completed = {});

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> hashes_;
};

// Hash of the complete subtree at (height, index); errors pass through.
using NodeSource = std::function<Result<Digest>(unsigned height, std::uint64_t index)>;

Result<Digest> root_at(const NodeSource& nodes, std::uint64_t size);
Result<std::vector<Digest>> inclusion_proof(const NodeSource& nodes, Seq index, std::uint64_t size);
// From size `first` to size `second`, 0 < first <= second.
Result<std::vector<Digest>> consistency_proof(const NodeSource& nodes, std::uint64_t first,
                                              std::uint64_t second);

// True when the proof shows that `leaf` is at `index` of the tree. Wrong lengths fail first.
bool verify_inclusion(const Digest& leaf, Seq index, std::uint64_t size,
                      const std::vector<Digest>& proof, const Digest& root);
bool verify_consistency(std::uint64_t first, const Digest& first_root, std::uint64_t second,
                        const Digest& second_root, const std::vector<Digest>& proof);

}  // namespace phantom
