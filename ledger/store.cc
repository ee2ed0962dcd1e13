#include "ledger/store.h"

#include "ledger/engine_crc32c.h"
#include "ledger/quiet_threads.h"
#include "ledger/rows.h"
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

// Small logs and few files, since short-lived processes open the store all day: a start replays the
// logs, and every background thread costs a millisecond.
rocksdb::Options store_options(const StoreOptions& wanted) {
  use_own_crc32c();
  rocksdb::Options options;
  if (wanted.env != nullptr) options.env = wanted.env;
  options.create_if_missing = false;
  options.paranoid_checks = true;
  options.write_buffer_size = wanted.write_buffer_bytes;
  options.max_total_wal_size = wanted.log_bytes_max;
  options.avoid_flush_during_recovery = true;
  // The families go to tables together: what a flush makes durable is a state the ledger was in,
  // even when the log it came from is lost.
  options.atomic_flush = true;
  options.max_background_jobs = 2;
  options.max_open_files = 20;  // the writer reads few tables, and some are opened at every start
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.compression =
      wanted.compression == Compression::kLz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  options.info_log = std::make_shared<SilentLogger>();
  options.max_file_opening_threads = 1;
  options.max_manifest_file_size = 1 << 20;
  // A damaged record in the middle of the log is an error; only a torn last one is forgiven, and
  // the head guard notices when that lost something that was acknowledged.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 32 << 10;
  table.format_version = 5;
  table.checksum = rocksdb::kCRC32c;
  table.verify_compression = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> store_families(const rocksdb::Options& options) {
  rocksdb::ColumnFamilyOptions rows(options);
  rocksdb::ColumnFamilyOptions bundles(options);
  bundles.target_file_size_base = std::uint64_t{64} << 20;
  // A bundle is a block of its own, so that a table's index stays small.
  return {{rocksdb::kDefaultColumnFamilyName, rows}, {kBundleFamily, bundles}};
}

OpenedDb::~OpenedDb() { release_families(); }

void OpenedDb::release_families() {
  for (rocksdb::ColumnFamilyHandle* handle : families_) {
    const rocksdb::Status status = db_->DestroyColumnFamilyHandle(handle);
    PH_CHECK(status.ok(), "column family handle");
  }
  families_.clear();
}

rocksdb::ColumnFamilyHandle* OpenedDb::family(char kind) const {
  return kind == rows::kBundle || kind == rows::kLeaves ? families_.back() : families_.front();
}

Result<std::optional<std::string>> OpenedDb::get(std::string_view key) const {
  std::string value;
  const rocksdb::Status status =
      db_->Get({}, family(key.front()), rocksdb::Slice(key.data(), key.size()), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return store_error("read", status);
  return std::optional<std::string>(std::move(value));
}

Result<std::optional<RowSource::Row>> OpenedDb::floor(std::string_view key) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, family(key.front())));
  it->SeekForPrev(rocksdb::Slice(key.data(), key.size()));
  if (!it->status().ok()) return store_error("read", it->status());
  if (!it->Valid() || !it->key().starts_with(rocksdb::Slice(key.data(), 1))) {
    return std::optional<RowSource::Row>();
  }
  return std::optional(RowSource::Row{it->key().ToString(), it->value().ToString()});
}

Status OpenedDb::close() {
  release_families();
  const rocksdb::Status status = db_->Close();
  if (!status.ok()) return store_error("close", status);
  return {};
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

namespace {

class RocksStore final : public Store {
 public:
  explicit RocksStore(std::unique_ptr<OpenedDb> opened) : opened_(std::move(opened)) {}

  Result<std::optional<std::string>> get(std::string_view key) const override {
    return opened_->get(key);
  }
  Result<std::optional<Row>> floor(std::string_view key) const override {
    return opened_->floor(key);
  }

  Status commit(const RowChanges& changes) override {
    constexpr std::size_t kRecordBytesMax = 32;  // beside key and value
    std::size_t bytes = 0;
    for (const auto& [key, value] : changes.puts)
      bytes += key.size() + value.size() + kRecordBytesMax;
    for (const std::string& key : changes.deletes) bytes += key.size() + kRecordBytesMax;
    rocksdb::WriteBatch batch(bytes, 0, /*protection_bytes_per_key=*/8, 0);
    rocksdb::Status status;
    for (const auto& [key, value] : changes.puts) {
      status = batch.Put(opened_->family(key.front()), key, value);
      PH_CHECK(status.ok(), "write batch");
    }
    for (const std::string& key : changes.deletes) {
      status = batch.Delete(opened_->family(key.front()), key);
      PH_CHECK(status.ok(), "write batch");
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    status = opened_->db().Write(options, &batch);
    if (!status.ok()) {
      Error error = store_error("commit", status);
      error.code = Code::kIndeterminate;
      return error;
    }
    unflushed_bytes_ += batch.GetDataSize();
    return {};
  }

  Result<std::string> identity() const override {
    std::string id;
    const rocksdb::Status status = opened_->db().GetDbIdentity(id);
    if (!status.ok()) return store_error("identity", status);
    return id;
  }

  Status flush() override {
    rocksdb::FlushOptions options;
    const rocksdb::Status status = opened_->db().Flush(options, opened_->families());
    if (!status.ok()) return store_error("flush", status);
    unflushed_bytes_ = 0;
    return {};
  }

  Status compact() override {
    PH_TRY(flush());
    for (rocksdb::ColumnFamilyHandle* family : opened_->families()) {
      const rocksdb::Status status =
          opened_->db().CompactRange(rocksdb::CompactRangeOptions(), family, nullptr, nullptr);
      if (!status.ok()) return store_error("compact", status);
    }
    return {};
  }

  Status close() override {
    // What is still in the log is replayed at each opening until it is in a table.
    Status flushed = unflushed_bytes_ > kReplayBytesMax ? flush() : Status();
    PH_TRY(opened_->close());
    return flushed;
  }

 private:
  static constexpr std::size_t kReplayBytesMax = std::size_t{1} << 20;
  std::unique_ptr<OpenedDb> opened_;
  std::size_t unflushed_bytes_ = 0;  // of this process; since its last flush, at most
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

Result<std::unique_ptr<Store>> open_store(const std::filesystem::path& db,
                                          const rocksdb::Options& options) {
  if (!options.create_if_missing) {
    PH_TRY(probe_room(db));
    PH_TRY(check_engine_logs(db));
  }
  const QuietThreads quiet;  // the engine's, that is
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, db.string(), store_families(options), &families, &opened);
  if (status.IsInvalidArgument() &&
      status.ToString().find("olumn family not found") != std::string::npos) {
    return Error{Code::kUnsupported, "the store at " + db.string() + " has an older format",
                 "run 'phantom ledger upgrade'"};
  }
  if (!status.ok()) return store_error("open", status);
  auto store = std::make_unique<RocksStore>(std::make_unique<OpenedDb>(opened, families));
  // Each start leaves its log behind until a flush; short-lived processes would pile them up.
  if (count_logs(db) > kLogFilesMax) PH_TRY(store->flush());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::create(const std::filesystem::path& db,
                                             const StoreOptions& wanted) {
  rocksdb::Options options = store_options(wanted);
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.error_if_exists = true;
  return open_store(db, options);
}

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& db,
                                           const StoreOptions& wanted) {
  return open_store(db, store_options(wanted));
}

}  // namespace phantom
