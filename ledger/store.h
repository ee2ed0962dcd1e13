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

// What one commit changes. Applied completely or not at all.
struct RowChanges {
  std::vector<std::pair<std::string, std::string>> puts;
  std::vector<std::string> deletes;
};

class Store : public RowSource {
 public:
  // `env` replaces the file system below RocksDB, for fault injection; null is the real one.
  static Result<std::unique_ptr<Store>> create(const std::filesystem::path& db, rocksdb::Env* env);
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& db, rocksdb::Env* env);

  // The greatest key that starts with `prefix`.
  virtual Result<std::optional<std::string>> last_key(char prefix) const = 0;

  // Writes and syncs. Any error is kIndeterminate: the batch may be there after a reopen.
  virtual Status commit(const RowChanges& changes) = 0;

  // The identity RocksDB gave the store when it was made.
  virtual Result<std::string> identity() const = 0;

  virtual Status close() = 0;
};

}  // namespace phantom
