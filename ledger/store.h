#pragma once
// The embedded store, opened for writing. One synced batch per commit; that write is the commit
// point of the ledger. Only the holder of the lease opens it.

#include "ledger/row_source.h"

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

namespace rocksdb {
class Env;
}

namespace phantom {

enum class Compression { kLz4, kNone };

struct StoreOptions {
  // Replaces the file system below RocksDB, for fault injection; null is the real one.
  rocksdb::Env* env = nullptr;
  Compression compression = Compression::kLz4;
  // Rows in memory before they go to a table, per column family.
  std::size_t write_buffer_bytes = std::size_t{16} << 20;
  // Log bytes that the next opening may have to replay.
  std::size_t log_bytes_max = std::size_t{32} << 20;
};

// What one commit changes. Applied completely or not at all.
struct RowChanges {
  std::vector<std::pair<std::string, std::string>> puts;
  std::vector<std::string> deletes;
};

class Store : public RowSource {
 public:
  static Result<std::unique_ptr<Store>> create(const std::filesystem::path& db,
                                               const StoreOptions& options);
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& db,
                                             const StoreOptions& options);

  // Writes and syncs. Any error is kIndeterminate: the batch may be there after a reopen.
  virtual Status commit(const RowChanges& changes) = 0;

  // Makes durable what opening found in the log, which a process that died may never have synced.
  virtual Status flush() = 0;

  // The identity RocksDB gave the store when it was made.
  virtual Result<std::string> identity() const = 0;

  // Moves everything out of the log and rewrites what compaction can make smaller. Long.
  virtual Status compact() = 0;

  virtual Status close() = 0;
};

}  // namespace phantom
