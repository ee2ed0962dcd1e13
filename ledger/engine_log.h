#pragma once
// RocksDB's log format, for its write-ahead logs and manifests: blocks of 32 KiB, in them records
//   0 4  masked CRC-32C of type and data, little-endian
//   4 2  length of the data, little-endian
//   6 1  type: 1 whole, 2 first, 3 middle, 4 last part
// A record never starts in the last 6 bytes of a block; those are zeros.
//
// RocksDB's secondary instance reads such files without end when a damaged record type looks like
// one of a recycled log, so they are checked before it sees them. Pure.

#include "events/types.h"

#include <functional>
#include <vector>

namespace phantom {

enum class LogState {
  kWhole,
  kCutOff,  // the last record is incomplete, as a crash leaves it
  kDamaged
};
enum class LogDepth {
  kFraming,   // lengths and types: quick
  kChecksums  // every byte
};

LogState check_log(ByteView log, LogDepth depth);

// Whether the checksums of a record's parts are right.
class RecordSum {
 public:
  explicit RecordSum(const std::vector<ByteView>& parts) : parts_(parts) {}
  bool fits() const;

 private:
  const std::vector<ByteView>& parts_;  // each with its header
};

// Calls `visit` with each record that is there in full, up to the first damage, until it returns
// false. False when it did.
bool visit_records(ByteView log, const std::function<bool(ByteView, RecordSum)>& visit);

}  // namespace phantom
