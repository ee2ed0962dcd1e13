#include "ledger/store.h"

#include "ledger/store_rocksdb.h"

#include <rocksdb/env.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace phantom {

namespace {

// RocksDB's own log says nothing our errors do not, and its writer aborts the process when the disk
// is full.
class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

// Small WAL and few files, since short-lived processes open the store all day: a start replays the
// WAL, and every background thread costs a millisecond.
rocksdb::Options store_options() {
  rocksdb::Options options;
  options.create_if_missing = false;
  options.paranoid_checks = true;
  options.write_buffer_size = 4 << 20;
  options.max_total_wal_size = 8 << 20;
  options.avoid_flush_during_recovery = true;
  options.max_background_jobs = 2;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.compression = rocksdb::kLZ4Compression;
  options.info_log = std::make_shared<SilentLogger>();
  options.max_file_opening_threads = 1;
  options.max_manifest_file_size = 1 << 20;
  // A damaged record in the middle of the WAL is an error; only a torn last one is forgiven, and
  // the head guard notices when that lost something that was acknowledged.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.format_version = 5;
  table.verify_compression = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

Error store_error(const char* operation, const rocksdb::Status& status) {
  const std::string message = std::string("store: ") + operation + ": " + status.ToString();
  if (status.IsNoSpace()) return {Code::kLimit, message, "free some disk space, then try again"};
  if (status.IsCorruption()) {
    return {Code::kCorrupt, message,
            "run 'phantom audit verify' and keep the directory as evidence"};
  }
  if (status.IsIOError() && message.find("Permission denied") != std::string::npos) {
    return {Code::kDenied, message};
  }
  if (status.IsIOError() && message.find("lock") != std::string::npos) {
    return {Code::kBusy, message};
  }
  if (status.IsInvalidArgument() && message.find("does not exist") != std::string::npos) {
    return {Code::kNotFound, message};
  }
  if (status.IsIOError()) return {Code::kIo, message};
  return {Code::kCorrupt, message};
}

Result<std::optional<std::string>> read_row(rocksdb::DB& db, std::string_view key) {
  std::string value;
  const rocksdb::Status status = db.Get({}, rocksdb::Slice(key.data(), key.size()), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return store_error("read", status);
  return std::optional<std::string>(std::move(value));
}

Result<std::optional<std::string>> last_row_key(rocksdb::DB& db, std::string_view prefix) {
  const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator({}));
  std::string after(prefix);
  PH_CHECK(!after.empty() && after.back() != '\xff', "prefix");
  after.back() = static_cast<char>(after.back() + 1);
  it->SeekForPrev(after);
  if (it->Valid() && it->key() == after) it->Prev();
  if (!it->status().ok()) return store_error("read", it->status());
  if (!it->Valid() || !it->key().starts_with(rocksdb::Slice(prefix.data(), prefix.size()))) {
    return std::optional<std::string>();
  }
  return std::optional<std::string>(it->key().ToString());
}

namespace {

class RocksStore final : public Store {
 public:
  explicit RocksStore(std::unique_ptr<rocksdb::DB> db) : db_(std::move(db)) {}

  Result<std::optional<std::string>> get(std::string_view key) const override {
    return read_row(*db_, key);
  }

  Result<std::optional<std::string>> last_key(char prefix) const override {
    return last_row_key(*db_, std::string_view(&prefix, 1));
  }

  Status commit(const RowChanges& changes) override {
    rocksdb::WriteBatch batch(0, 0, /*protection_bytes_per_key=*/8, 0);
    rocksdb::Status status;
    for (const auto& [key, value] : changes.puts) {
      status = batch.Put(key, value);
      PH_CHECK(status.ok(), "write batch");
    }
    for (const std::string& key : changes.deletes) {
      status = batch.Delete(key);
      PH_CHECK(status.ok(), "write batch");
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    status = db_->Write(options, &batch);
    if (!status.ok()) {
      Error error = store_error("commit", status);
      error.code = Code::kIndeterminate;
      return error;
    }
    return {};
  }

  Result<std::string> identity() const override {
    std::string id;
    const rocksdb::Status status = db_->GetDbIdentity(id);
    if (!status.ok()) return store_error("identity", status);
    return id;
  }

  Status close() override {
    const rocksdb::Status status = db_->Close();
    if (!status.ok()) return store_error("close", status);
    return {};
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
};

constexpr std::ptrdiff_t kLogFilesMax = 8;

std::ptrdiff_t count_logs(const std::filesystem::path& db) {
  std::error_code code;
  std::ptrdiff_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(db, code)) {
    count += file.path().extension() == ".log" ? 1 : 0;
  }
  return count;
}

// RocksDB does not survive a failed write while it opens, so the room for one is tried first.
Status probe_room(const std::filesystem::path& db) {
  const std::filesystem::path probe = db / "phantom.probe";
  constexpr std::size_t kProbeBytes = 64 * 1024;
  std::FILE* file = std::fopen(probe.c_str(), "wbe");
  int failure = file == nullptr ? errno : 0;
  if (file != nullptr) {
    const std::string zeros(kProbeBytes, '\0');
    if (std::fwrite(zeros.data(), 1, zeros.size(), file) != zeros.size()) failure = errno;
    if (std::fclose(file) != 0 && failure == 0) failure = errno;
    std::error_code ignored;
    std::filesystem::remove(probe, ignored);
  }
  if (failure == 0) return {};
  const bool denied = failure == EACCES || failure == EPERM || failure == EROFS;
  const bool full = failure == ENOSPC || failure == EDQUOT || failure == EFBIG;
  return Error{
      denied              ? Code::kDenied
      : full              ? Code::kLimit
      : failure == ENOENT ? Code::kNotFound
                          : Code::kIo,
      "cannot write to " + db.string() + ": " + std::strerror(failure) + "; nothing was recorded",
      full ? "free some disk space, then try again" : ""};
}

Result<std::unique_ptr<Store>> open_store(const std::filesystem::path& db, rocksdb::Options options,
                                          rocksdb::Env* env) {
  if (env != nullptr) options.env = env;
  if (!options.create_if_missing) PH_TRY(probe_room(db));
  rocksdb::DB* opened = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(options, db.string(), &opened);
  if (!status.ok()) return store_error("open", status);
  auto store = std::make_unique<RocksStore>(std::unique_ptr<rocksdb::DB>(opened));
  // Each start leaves its log behind until a flush; short-lived processes would pile them up.
  if (count_logs(db) > kLogFilesMax) {
    status = opened->Flush({});
    if (!status.ok()) return store_error("flush", status);
  }
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::create(const std::filesystem::path& db, rocksdb::Env* env) {
  rocksdb::Options options = store_options();
  options.create_if_missing = true;
  options.error_if_exists = true;
  return open_store(db, options, env);
}

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& db, rocksdb::Env* env) {
  return open_store(db, store_options(), env);
}

}  // namespace phantom
