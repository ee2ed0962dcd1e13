// Property: checksums find all that framing finds; a log that is whole stays readable when it is
// cut off anywhere, and is never whole with a byte of its types, data or checksums changed.

#include "ledger/engine_log.h"
#include "tests/fuzz/fuzz.h"

#include <vector>

// The first byte chooses. Even: the log's bytes as they come. Odd: a log is written whose record
// lengths are the input's, then cut off, and then changed.

namespace phantom::fuzz {
namespace {

constexpr std::size_t kBlockBytes = 32 * 1'024;
constexpr std::size_t kHeaderBytes = 7;
constexpr std::size_t kRecordsMax = 12;

// CRC-32C bit by bit, as its definition has it.
std::uint32_t crc32c(ByteView bytes) {
  std::uint32_t crc = ~0U;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
  }
  return ~crc;
}

void put_part(Bytes& log, std::uint8_t type, ByteView data) {
  Bytes covered{type};
  covered.insert(covered.end(), data.begin(), data.end());
  const std::uint32_t crc = crc32c(covered);
  const std::uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
  for (int shift = 0; shift < 32; shift += 8) {
    log.push_back(static_cast<std::uint8_t>(masked >> shift));
  }
  log.push_back(static_cast<std::uint8_t>(data.size()));
  log.push_back(static_cast<std::uint8_t>(data.size() >> 8));
  log.insert(log.end(), covered.begin(), covered.end());
}

void put_record(Bytes& log, ByteView data) {
  bool first = true;
  for (;;) {
    std::size_t left = kBlockBytes - log.size() % kBlockBytes;
    if (left < kHeaderBytes) {
      log.resize(log.size() + left);
      left = kBlockBytes;
    }
    const ByteView part = data.first(std::min(data.size(), left - kHeaderBytes));
    data = data.subspan(part.size());
    const bool last = data.empty();
    put_part(log, static_cast<std::uint8_t>(first ? (last ? 1 : 2) : (last ? 4 : 3)), part);
    if (last) return;
    first = false;
  }
}

// Places of the length fields: what they cover moves with them.
std::vector<bool> length_fields(ByteView log) {
  std::vector<bool> out(log.size(), false);
  for (std::size_t at = 0; at + kHeaderBytes <= log.size();) {
    const std::size_t left = kBlockBytes - at % kBlockBytes;
    if (left < kHeaderBytes) {
      at += left;
      continue;
    }
    out[at + 4] = out[at + 5] = true;
    at += kHeaderBytes + (log[at + 4] | static_cast<std::size_t>(log[at + 5]) << 8);
  }
  return out;
}

void check_any(ByteView log) {
  const LogState framing = check_log(log, LogDepth::kFraming);
  const LogState full = check_log(log, LogDepth::kChecksums);
  PH_CHECK(full == framing || full == LogState::kDamaged, "checksums miss what framing sees");
  PH_CHECK(framing != LogState::kDamaged || full == LogState::kDamaged, "damage is forgotten");
}

void check_made(Choices& choices) {
  const std::size_t records = choices.below(kRecordsMax);
  const std::size_t cut = choices.u16();
  const Bytes where = to_bytes(choices.take(3));
  Bytes log;
  for (std::size_t i = 0; i < records; ++i) {
    const std::size_t length = choices.below(2 * kBlockBytes) >> choices.below(12);
    put_record(log, Bytes(length, choices.u8()));
  }
  PH_CHECK(check_log(log, LogDepth::kChecksums) == LogState::kWhole, "a good log is not whole");
  const ByteView head = ByteView(log).first(std::min(cut, log.size()));
  PH_CHECK(check_log(head, LogDepth::kChecksums) != LogState::kDamaged, "a cut is damage");
  check_any(head);
  if (log.empty()) return;
  Choices mutation(where);
  const Bytes changed = with_one_byte_changed(log, mutation);
  const auto place = std::mismatch(log.begin(), log.end(), changed.begin()).first - log.begin();
  if (length_fields(log)[static_cast<std::size_t>(place)]) return check_any(changed);
  PH_CHECK(check_log(changed, LogDepth::kChecksums) == LogState::kDamaged, "damage is not seen");
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  fuzz::Choices choices({data, size});
  if (choices.u8() % 2 == 0) {
    fuzz::check_any(choices.rest());
  } else {
    fuzz::check_made(choices);
  }
  return 0;
}
