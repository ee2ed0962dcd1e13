#include "ledger/engine_log.h"

#include "ledger/crc32c.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kBlockBytes = 32 * 1024;
constexpr std::size_t kHeaderBytes = 7;

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

LogState check_log(ByteView log, LogDepth depth) {
  bool inside = false;  // between a first and a last part
  std::size_t at = 0;
  while (at < log.size()) {
    const std::size_t left_in_block = kBlockBytes - at % kBlockBytes;
    if (left_in_block < kHeaderBytes) {
      const ByteView trailer = log.subspan(at, std::min(left_in_block, log.size() - at));
      if (!all_zero(trailer)) return LogState::kDamaged;
      at += trailer.size();
      continue;
    }
    const ByteView rest = log.subspan(at);
    if (all_zero(rest)) return LogState::kCutOff;
    if (rest.size() < kHeaderBytes) return LogState::kCutOff;
    const std::size_t length = rest[4] | static_cast<std::size_t>(rest[5]) << 8;
    const std::uint8_t type = rest[6];
    // Also where the record is cut off: these types are what RocksDB does not get over.
    if (type > 4 || kHeaderBytes + length > left_in_block) return LogState::kDamaged;
    if (kHeaderBytes + length > rest.size()) return LogState::kCutOff;
    const std::uint32_t stored = rest[0] | static_cast<std::uint32_t>(rest[1]) << 8 |
                                 static_cast<std::uint32_t>(rest[2]) << 16 |
                                 static_cast<std::uint32_t>(rest[3]) << 24;
    if (depth == LogDepth::kChecksums && masked(crc32c(rest.subspan(6, 1 + length))) != stored) {
      return LogState::kDamaged;
    }
    const bool starts = type == 1 || type == 2;
    if (type < 1 || type > 4 || starts == inside) return LogState::kDamaged;
    inside = type == 2 || type == 3;
    at += kHeaderBytes + length;
  }
  return inside ? LogState::kCutOff : LogState::kWhole;
}

}  // namespace phantom
