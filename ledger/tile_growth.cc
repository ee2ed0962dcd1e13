#include "ledger/tile_growth.h"

namespace phantom {
namespace {

constexpr unsigned kHeight = 8;  // of a tile

}  // namespace

Result<TileGrowth> TileGrowth::resume(const NodeSource& nodes, std::uint64_t size) {
  TileGrowth growth;
  std::vector<Digest> frontier;
  std::uint64_t begin = 0;
  for (int height = 63; height >= 0; --height) {
    const std::uint64_t width = std::uint64_t{1} << height;
    if ((size & width) == 0) continue;
    PH_ASSIGN(const Digest hash, nodes(static_cast<unsigned>(height), begin >> height));
    frontier.push_back(hash);
    begin += width;
  }
  growth.range_ = CompactRange(size, std::move(frontier));
  for (unsigned level = 0; level < 8 && (size >> (kHeight * level)) != 0; ++level) {
    const std::uint64_t count = size >> (kHeight * level);
    std::vector<Digest> hashes;
    for (std::uint64_t i = count / kWidth * kWidth; i < count; ++i) {
      PH_ASSIGN(const Digest hash, nodes(kHeight * level, i));
      hashes.push_back(hash);
    }
    if (growth.open_.size() <= level) growth.open_.resize(level + 1);
    growth.open_[level] = std::move(hashes);
  }
  return growth;
}

void TileGrowth::append(const Digest& leaf, const FullTile& full) {
  unsigned filled = 0;  // levels whose open tile is full now; always the lowest ones
  range_.append(leaf, 0, [&](unsigned height, std::uint64_t, const Digest& hash) {
    if (height % kHeight != 0) return;
    const unsigned level = height / kHeight;
    if (open_.size() <= level) open_.resize(level + 1);
    open_[level].push_back(hash);
    if (open_[level].size() == kWidth) filled = level + 1;
  });
  for (unsigned level = 0; level < filled; ++level) {
    if (full) full(level, (size() >> (kHeight * (level + 1))) - 1, open_[level]);
    open_[level].clear();
  }
}

}  // namespace phantom
