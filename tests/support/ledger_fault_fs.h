#pragma once
// Faults below the storage engine: a RocksDB file system that fails writes and syncs of the
// write-ahead log on demand.

#include <rocksdb/env.h>

#include <atomic>
#include <memory>

namespace phantom::test {

enum class LogFault {
  kNone,
  kSyncFails,    // the bytes are kept, the sync reports an error
  kAppendFails,  // nothing is written, the write reports an error
  kAppendTorn,   // half of the bytes are written, the write reports an error
  kDiskFull      // nothing is written, no space
};

class FaultFs {
 public:
  FaultFs();
  ~FaultFs();
  rocksdb::Env* env() const { return env_.get(); }
  void set(LogFault fault) { *fault_ = fault; }
  // Syncs of the write-ahead log so far.
  std::uint64_t log_syncs() const { return *log_syncs_; }

 private:
  std::shared_ptr<std::atomic<LogFault>> fault_;
  std::shared_ptr<std::atomic<std::uint64_t>> log_syncs_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace phantom::test
