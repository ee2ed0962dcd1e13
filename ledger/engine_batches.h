#pragma once
// What stands in RocksDB's write-ahead logs: batches of rows, each row with a sequence number of
// its own. RocksDB ends the process when a log makes it insert a number twice, so that is looked at
// before it sees the logs. Batch: sequence number (8) and row count (4), little-endian, then rows;
// docs/FORMAT.md section 3. Pure.

#include "events/types.h"

#include <cstdint>

namespace phantom {

class BatchOrder {
 public:
  // The logs of a store, by ascending number. False: a batch that is there in full is not one of
  // ours, says another count than it has, or takes a number that was given. Records that RocksDB
  // will not read, being damaged or cut off, are left to check_log.
  bool follows(ByteView log);

 private:
  enum class Place { kNext, kLater, kWrong };
  Place place_of(ByteView batch);
  std::uint64_t next_ = 0;
};

}  // namespace phantom
