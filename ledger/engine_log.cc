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

bool sum_fits(ByteView part) {
  const std::uint32_t stored = part[0] | static_cast<std::uint32_t>(part[1]) << 8 |
                               static_cast<std::uint32_t>(part[2]) << 16 |
                               static_cast<std::uint32_t>(part[3]) << 24;
  return masked(crc32c(part.subspan(6))) == stored;
}

// The part of a record at the start of `rest`, or what stands there in its place. Empty: the end of
// a block, to be skipped.
struct Part {
  LogState state = LogState::kWhole;
  ByteView bytes;  // header and data
  std::size_t skip = 0;
  std::uint8_t type() const { return bytes[6]; }
};

Part part_at(ByteView log, std::size_t at) {
  const std::size_t left_in_block = kBlockBytes - at % kBlockBytes;
  if (left_in_block < kHeaderBytes) {
    const ByteView trailer = log.subspan(at, std::min(left_in_block, log.size() - at));
    if (!all_zero(trailer)) return {LogState::kDamaged};
    return {LogState::kWhole, {}, trailer.size()};
  }
  const ByteView rest = log.subspan(at);
  if (all_zero(rest) || rest.size() < kHeaderBytes) return {LogState::kCutOff};
  const std::size_t length = rest[4] | static_cast<std::size_t>(rest[5]) << 8;
  // Also where the record is cut off: these types are what RocksDB does not get over.
  if (rest[6] > 4 || kHeaderBytes + length > left_in_block) return {LogState::kDamaged};
  if (kHeaderBytes + length > rest.size()) return {LogState::kCutOff};
  return {LogState::kWhole, rest.first(kHeaderBytes + length), kHeaderBytes + length};
}

}  // namespace

LogState check_log(ByteView log, LogDepth depth) {
  bool inside = false;  // between a first and a last part
  for (std::size_t at = 0; at < log.size();) {
    const Part part = part_at(log, at);
    if (part.state != LogState::kWhole) return part.state;
    at += part.skip;
    if (part.bytes.empty()) continue;
    if (depth == LogDepth::kChecksums && !sum_fits(part.bytes)) return LogState::kDamaged;
    const bool starts = part.type() == 1 || part.type() == 2;
    if (part.type() < 1 || starts == inside) return LogState::kDamaged;
    inside = part.type() == 2 || part.type() == 3;
  }
  return inside ? LogState::kCutOff : LogState::kWhole;
}

bool RecordSum::fits() const { return std::all_of(parts_.begin(), parts_.end(), sum_fits); }

bool visit_records(ByteView log, const std::function<bool(ByteView, RecordSum)>& visit) {
  std::vector<ByteView> parts;
  Bytes joined;
  for (std::size_t at = 0; at < log.size();) {
    const Part part = part_at(log, at);
    if (part.state != LogState::kWhole) return true;
    at += part.skip;
    if (part.bytes.empty()) continue;
    const bool starts = part.type() == 1 || part.type() == 2;
    if (part.type() < 1 || starts != parts.empty()) return true;
    parts.push_back(part.bytes);
    if (part.type() == 2 || part.type() == 3) continue;
    ByteView record = parts[0].subspan(kHeaderBytes);
    if (parts.size() > 1) {
      joined.clear();
      for (const ByteView each : parts) {
        joined.insert(joined.end(), each.begin() + kHeaderBytes, each.end());
      }
      record = joined;
    }
    if (!visit(record, RecordSum(parts))) return false;
    parts.clear();
  }
  return true;
}

}  // namespace phantom
