#include "ledger/store_reader.h"

#include "ledger/engine_batches.h"
#include "ledger/engine_log.h"
#include "ledger/home.h"
#include "ledger/quiet_threads.h"
#include "ledger/rows.h"
#include "ledger/store_rocksdb.h"

#include <algorithm>
#include <charconv>
#include <thread>

namespace phantom {
namespace {

class RocksCursor final : public RowCursor {
 public:
  RocksCursor(const OpenedDb& opened, std::string_view prefix, std::string_view from)
      : prefix_(prefix) {
    PH_CHECK(!prefix.empty(), "a cursor walks rows of one kind");
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    // Bundles are read from one end to the other, a piece of the ledger at a time; of other rows a
    // cursor reads some.
    if (prefix.front() == rows::kBundle) options.readahead_size = 1 << 20;
    it_.reset(opened.db().NewIterator(options, opened.family(prefix.front())));
    const std::string_view start = from.empty() ? prefix : from;
    it_->Seek(rocksdb::Slice(start.data(), start.size()));
  }

  bool valid() const override { return it_->Valid() && it_->key().starts_with(prefix_); }
  void next() override { it_->Next(); }
  std::string_view key() const override { return {it_->key().data(), it_->key().size()}; }
  std::string_view value() const override { return {it_->value().data(), it_->value().size()}; }
  Status status() const override {
    const rocksdb::Status status = it_->status();
    if (!status.ok()) return store_error("scan", status);
    return {};
  }

 private:
  std::string prefix_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

class RocksStoreReader final : public StoreReader {
 public:
  explicit RocksStoreReader(std::unique_ptr<OpenedDb> opened) : opened_(std::move(opened)) {}

  std::unique_ptr<RowCursor> cursor(std::string_view prefix, std::string_view from) const override {
    return std::make_unique<RocksCursor>(*opened_, prefix, from);
  }

  Result<std::optional<std::string>> get(std::string_view key) const override {
    return opened_->get(key);
  }
  Result<std::optional<Row>> floor(std::string_view key) const override {
    return opened_->floor(key);
  }

  Result<std::optional<std::string>> foreign_key(std::string_view known) const override {
    for (rocksdb::ColumnFamilyHandle* family : opened_->families()) {
      const std::unique_ptr<rocksdb::Iterator> it(opened_->db().NewIterator({}, family));
      std::string from;
      for (it->SeekToFirst(); it->Valid(); it->Seek(from)) {
        const rocksdb::Slice key = it->key();
        const bool at_home = !key.empty() && known.find(key[0]) != std::string_view::npos &&
                             opened_->family(key[0]) == family;
        if (!at_home) return std::optional(key.ToString());
        from.assign(1, static_cast<char>(key[0] + 1));
      }
      if (!it->status().ok()) return store_error("scan", it->status());
    }
    return std::optional<std::string>();
  }

  Status catch_up() override {
    const rocksdb::Status status = opened_->db().TryCatchUpWithPrimary();
    if (!status.ok()) return store_error("catch up", status);
    return {};
  }

 private:
  std::unique_ptr<OpenedDb> opened_;
};

}  // namespace

namespace {

constexpr std::size_t kLogBytesMax = std::size_t{256} << 20;

Error damaged(const std::filesystem::path& file) {
  return {Code::kCorrupt, "the store's file " + file.filename().string() + " is damaged",
          "keep the directory as evidence"};
}

// The manifest, before RocksDB sees it. kNotFound: a live writer replaced it meanwhile.
Status check_manifest(const std::filesystem::path& db) {
  PH_ASSIGN(const Bytes current, read_file(db / "CURRENT", 1'024));
  std::string_view name = as_text(current);
  if (name.empty() || name.back() != '\n' || !name.starts_with("MANIFEST-") ||
      name.find('/') != std::string_view::npos) {
    return Error{Code::kCorrupt, "the store's file CURRENT is damaged",
                 "keep the directory as evidence"};
  }
  name.remove_suffix(1);
  PH_ASSIGN(const Bytes manifest, read_file(db / name, kLogBytesMax));
  if (check_log(manifest, LogDepth::kChecksums) == LogState::kDamaged) return damaged(db / name);
  return {};
}

}  // namespace

Status check_engine_logs(const std::filesystem::path& db) {
  std::vector<std::pair<std::uint64_t, std::filesystem::path>> logs;
  std::error_code code;
  for (const auto& file : std::filesystem::directory_iterator(db, code)) {
    if (file.path().extension() != ".log") continue;
    const std::string stem = file.path().stem().string();  // with zeros in front
    std::uint64_t number = 0;
    std::from_chars(stem.data(), stem.data() + stem.size(), number);
    logs.emplace_back(number, file.path());
  }
  if (code) return Error{Code::kIo, "read " + db.string() + ": " + code.message()};
  std::sort(logs.begin(), logs.end());
  BatchOrder order;
  for (const auto& [number, file] : logs) {
    PH_ASSIGN(const Bytes bytes, read_file(file, kLogBytesMax));
    if (check_log(bytes, LogDepth::kFraming) == LogState::kDamaged || !order.follows(bytes)) {
      return damaged(file);
    }
  }
  return {};
}

Result<std::unique_ptr<StoreReader>> StoreReader::open(const std::filesystem::path& db) {
  std::error_code code;
  if (!std::filesystem::exists(db / "CURRENT", code)) {
    if (code && code != std::errc::no_such_file_or_directory) {
      return Error{Code::kDenied, "cannot read " + db.string() + ": " + code.message()};
    }
    return Error{Code::kNotFound, "there is no store at " + db.string()};
  }
  rocksdb::Options options = store_options({});
  options.max_open_files = -1;  // a secondary must keep files the writer deletes
  auto families = store_families(options);
  // A secondary wants a directory for its info log; with a logger of our own it never touches it.
  const std::string unused_directory = "/nonexistent";
  // A live writer may replace files between our looking at the manifest and opening them.
  constexpr int kTriesMax = 5;
  Error error;
  for (int attempt = 0; attempt < kTriesMax; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5 << attempt));
    Status checked = check_manifest(db);
    if (checked.ok()) checked = check_engine_logs(db);
    if (!checked.ok()) {
      error = std::move(checked.error());
      if (error.code != Code::kNotFound) return error;
      error.code = Code::kCorrupt;  // still missing after all tries
      continue;
    }
    const QuietThreads quiet;  // the engine's, that is
    rocksdb::DB* opened = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::Status status = rocksdb::DB::OpenAsSecondary(options, db.string(), unused_directory,
                                                          families, &handles, &opened);
    if (status.IsInvalidArgument() && families.size() > 1) {
      families.resize(1);  // a store of format 1, which has no other
      status = rocksdb::DB::OpenAsSecondary(options, db.string(), unused_directory, families,
                                            &handles, &opened);
    }
    if (status.ok()) {
      return std::unique_ptr<StoreReader>(std::make_unique<RocksStoreReader>(
          std::make_unique<OpenedDb>(opened, std::move(handles))));
    }
    error = store_error("open", status);
    if (!status.IsIOError() && !status.IsTryAgain() && !status.IsPathNotFound()) break;
  }
  return error;
}

}  // namespace phantom
