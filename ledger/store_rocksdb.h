#pragma once
// How the store's RocksDB is set up, for the two files that open it. Not for anybody else.

#include "events/result.h"
#include "ledger/row_source.h"
#include "ledger/store.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantom {

// Bundles are only ever added at the end: in a family of their own they never are rewritten.
inline constexpr char kBundleFamily[] = "bundles";

rocksdb::Options store_options(const StoreOptions& options);
// The families' options, the default one first.
std::vector<rocksdb::ColumnFamilyDescriptor> store_families(const rocksdb::Options& options);

// An open database and the handles of its families, given back in the right order.
class OpenedDb {
 public:
  OpenedDb(rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> families)
      : db_(db), families_(std::move(families)) {}
  ~OpenedDb();
  OpenedDb(const OpenedDb&) = delete;
  OpenedDb& operator=(const OpenedDb&) = delete;

  rocksdb::DB& db() const { return *db_; }
  // The family of the rows whose key starts with `kind`. A store of format 1 has only one.
  rocksdb::ColumnFamilyHandle* family(char kind) const;
  const std::vector<rocksdb::ColumnFamilyHandle*>& families() const { return families_; }

  Result<std::optional<std::string>> get(std::string_view key) const;
  Result<std::optional<RowSource::Row>> floor(std::string_view key) const;
  Status close();

 private:
  void release_families();
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

// The write-ahead logs of `db`, before RocksDB sees them: with some it ends the process, or does
// not end itself. kCorrupt, kIo; kNotFound: a live writer removed one meanwhile.
Status check_engine_logs(const std::filesystem::path& db);

// kNotFound, kCorrupt, kLimit (no space), kDenied, kBusy or kIo, with RocksDB's words.
Error store_error(const char* operation, const rocksdb::Status& status);

}  // namespace phantom
