#pragma once
// Faults below the storage engine: a RocksDB file system that counts every change of a file or a
// directory, fails, tears or lies about the one it is told to, and can take the power away.
//
// Syncs are noted and not done: what they would have made durable is what lose_power() leaves.

#include "tests/support/ledger_shadow_disk.h"

#include <rocksdb/env.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace phantom::test {

// While it lives, temporary directories are made in memory where that can be: the syncs that are
// real (keys, the head copy) then cost nothing.
class TemporaryFilesInMemory {
 public:
  TemporaryFilesInMemory();
  ~TemporaryFilesInMemory();
  TemporaryFilesInMemory(const TemporaryFilesInMemory&) = delete;
  TemporaryFilesInMemory& operator=(const TemporaryFilesInMemory&) = delete;

 private:
  std::optional<std::string> old_;
};

enum class FileOp {
  kCreate,
  kOpen,  // for reading
  kAppend,
  kSync,
  kDirectorySync,
  kRename,
  kDelete,
  kTruncate,
  kLink
};
inline constexpr std::size_t kFileOps = 9;

enum class FaultKind {
  kIoError,
  kNoSpace,
  kLie,       // a sync says it was done, and was not
  kPowerLoss  // this is the last thing that happens; all that follows fails and does nothing
};

// What a failing operation leaves behind.
enum class FaultBytes {
  kKept,  // all of it was done, and then reported as failed
  kLost,  // nothing was done; of a failed sync: a power loss takes the bytes, whatever comes later
  kTorn   // half of the bytes
};

struct Fault {
  FaultKind kind = FaultKind::kIoError;
  FaultBytes bytes = FaultBytes::kLost;
  std::uint64_t at = 1;           // the at-th matching operation from now
  bool lasting = false;           // and every one after it
  std::optional<FileOp> op = {};  // none: any operation
  std::string name_end = {};      // only files with such a name
};

// Of the write-ahead log only, from now on.
enum class LogFault {
  kNone,
  kSyncFails,    // the bytes are kept, the sync reports an error
  kAppendFails,  // nothing is written, the write reports an error
  kAppendTorn,   // half of the bytes are written, the write reports an error
  kDiskFull      // nothing is written, no space
};

// The file system's state; shared with its files, which may outlive the FaultFs.
class FaultDisk {
 public:
  struct Decision {
    FaultKind kind = FaultKind::kIoError;
    FaultBytes bytes = FaultBytes::kLost;
  };
  // Counts the operation; tells what to do instead of it, if anything. Under `mutex`.
  std::optional<Decision> count(FileOp op, const std::string& name);

  std::mutex mutex;  // guards all below
  ShadowDisk shadow;
  std::optional<Fault> fault;
  std::uint64_t matches = 0;
  std::string hit;  // what the fault happened to
  bool dead = false;
  std::uint64_t total = 0;
  std::array<std::uint64_t, kFileOps> counts{};
  std::uint64_t log_syncs = 0;
};

class FaultFs {
 public:
  FaultFs();
  ~FaultFs();
  rocksdb::Env* env() const { return env_.get(); }

  void arm(Fault fault);
  void disarm();
  // The operation and file that the armed fault happened to first; empty before.
  std::string hit() const;
  void set(LogFault fault);

  // Operations so far.
  std::uint64_t operations() const;
  std::uint64_t operations(FileOp op) const;
  std::uint64_t log_syncs() const;

  // What was not synced is gone from `db`, if that is there, and the disk works again. Close the
  // store before.
  void lose_power(const std::filesystem::path& db, Unsynced unsynced);

 private:
  std::shared_ptr<FaultDisk> disk_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace phantom::test
