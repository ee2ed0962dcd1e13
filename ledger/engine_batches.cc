#include "ledger/engine_batches.h"

#include "ledger/engine_log.h"

#include <optional>

namespace phantom {
namespace {

constexpr std::size_t kBatchHeaderBytes = 12;

std::uint64_t little_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

class BatchRows {
 public:
  explicit BatchRows(ByteView rows) : rest_(rows) {}

  // The number of rows that take a sequence number; none when this is not such a list.
  std::optional<std::uint64_t> count() {
    std::uint64_t rows = 0;
    while (!rest_.empty()) {
      const std::uint8_t kind = rest_[0];
      rest_ = rest_.subspan(1);
      const bool with_family = kind == 4 || kind == 5 || kind == 8;
      const bool put = kind == 1 || kind == 5;
      const bool removal = kind == 0 || kind == 4 || kind == 7 || kind == 8;
      if (kind == 13) continue;
      if (!put && !removal && kind != 3) return std::nullopt;
      if (with_family && !varint()) return std::nullopt;
      if (!text() || (put && !text())) return std::nullopt;
      rows += kind == 3 ? 0 : 1;
    }
    return rows;
  }

 private:
  std::optional<std::uint32_t> varint() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 35 && !rest_.empty(); shift += 7) {
      const std::uint8_t byte = rest_[0];
      rest_ = rest_.subspan(1);
      value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }
  bool text() {
    const std::optional<std::uint32_t> length = varint();
    if (!length || *length > rest_.size()) return false;
    rest_ = rest_.subspan(*length);
    return true;
  }

  ByteView rest_;
};

}  // namespace

BatchOrder::Place BatchOrder::place_of(ByteView batch) {
  if (batch.size() < kBatchHeaderBytes) return Place::kWrong;
  const std::uint64_t first = little_endian(batch.first(8));
  const std::uint64_t count = little_endian(batch.subspan(8, 4));
  if (first < next_ || BatchRows(batch.subspan(kBatchHeaderBytes)).count() != count) {
    return Place::kWrong;
  }
  return first == next_ ? Place::kNext : Place::kLater;
}

bool BatchOrder::follows(ByteView log) {
  return visit_records(log, [this](ByteView record, RecordSum sum) {
    const Place place = place_of(record);
    // Its checksum is only worth the time when there is something to wonder about.
    if (place != Place::kNext && !sum.fits()) return true;
    if (place == Place::kWrong) return false;
    next_ = little_endian(record.first(8)) + little_endian(record.subspan(8, 4));
    return true;
  });
}

}  // namespace phantom
