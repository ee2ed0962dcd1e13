#pragma once
// The hashes of an RFC 6962 Merkle tree, many at a time. Pure; safe from several threads.
//
// One hash at a time leaves most of a CPU's SHA unit idle, so whoever has several entries or nodes
// hands them over together.

#include "events/types.h"

#include <span>

namespace phantom {

// SHA-256(0x00 || entry) of each entry; out.size() == entries.size().
void leaf_hashes(std::span<const ByteView> entries, std::span<Digest> out);

// out[i] = SHA-256(0x01 || children[2i] || children[2i+1]); children.size() == 2 * out.size().
// `out` may be the front of `children`.
void node_hashes(std::span<const Digest> children, std::span<Digest> out);

// Root of the complete subtree over `hashes`; their number is a power of two.
Digest subtree_root(std::span<const Digest> hashes);

// One way to compute the above. leaf_hashes and node_hashes take the fastest this CPU has.
struct TreeHashKernel {
  void (*leaf_hashes)(std::span<const ByteView> entries, std::span<Digest> out);
  void (*node_hashes)(std::span<const Digest> children, std::span<Digest> out);
};
const TreeHashKernel& portable_tree_hash();
// Four interleaved streams of SHA instructions. nullptr on a CPU without them.
const TreeHashKernel* sha_ni_tree_hash();

}  // namespace phantom
