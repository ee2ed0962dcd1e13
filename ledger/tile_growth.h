#pragma once
// The tiles of a tree while leaves are added to it: what backups, published tiles and rebuilt
// stores are made of. Memory is bounded by one open tile per level. Pure.
//
// Hash i of tile (0, n) is the hash of leaf 256n+i; of tile (l, n), the root of tile (l-1, 256n+i).

#include "ledger/tree.h"

#include <functional>
#include <vector>

namespace phantom {

class TileGrowth {
 public:
  static constexpr std::size_t kWidth = 256;

  TileGrowth() : open_(1) {}
  // Goes on with a tree of `size` leaves. Errors of `nodes` pass through.
  static Result<TileGrowth> resume(const NodeSource& nodes, std::uint64_t size);

  using FullTile =
      std::function<void(unsigned level, std::uint64_t n, const std::vector<Digest>& hashes)>;
  // `full` is called for each tile the leaf fills, lowest level first.
  void append(const Digest& leaf, const FullTile& full);

  std::uint64_t size() const { return range_.size(); }
  Digest root() const { return range_.root(); }

  // Hashes of the tile that is not full yet, per level: (size >> 8l) % 256 of level l.
  const std::vector<std::vector<Digest>>& open() const { return open_; }

 private:
  CompactRange range_;
  std::vector<std::vector<Digest>> open_;
};

}  // namespace phantom
