#include "ledger/store_reader.h"

#include "ledger/store_rocksdb.h"

#include <cstdlib>
#include <thread>

namespace phantom {
namespace {

class RocksCursor final : public RowCursor {
 public:
  RocksCursor(rocksdb::DB* db, std::string_view prefix, std::string_view from) : prefix_(prefix) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.readahead_size = 2 << 20;
    it_.reset(db->NewIterator(options));
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
  explicit RocksStoreReader(std::unique_ptr<rocksdb::DB> db) : db_(std::move(db)) {}

  std::unique_ptr<RowCursor> cursor(std::string_view prefix, std::string_view from) const override {
    return std::make_unique<RocksCursor>(db_.get(), prefix, from);
  }

  Result<std::optional<std::string>> get(std::string_view key) const override {
    std::string value;
    const rocksdb::Status status = db_->Get({}, rocksdb::Slice(key.data(), key.size()), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return store_error("read", status);
    return std::optional<std::string>(std::move(value));
  }

  Result<std::optional<std::string>> last_key(std::string_view prefix) const override {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
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

  Status catch_up() override {
    const rocksdb::Status status = db_->TryCatchUpWithPrimary();
    if (!status.ok()) return store_error("catch up", status);
    return {};
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

Result<std::unique_ptr<StoreReader>> StoreReader::open(const std::filesystem::path& db) {
  std::error_code code;
  if (!std::filesystem::exists(db / "CURRENT", code)) {
    if (code && code != std::errc::no_such_file_or_directory) {
      return Error{Code::kDenied, "cannot read " + db.string() + ": " + code.message()};
    }
    return Error{Code::kNotFound, "there is no store at " + db.string()};
  }
  rocksdb::Options options = store_options();
  options.max_open_files = -1;  // a secondary must keep files the writer deletes
  // A secondary wants a directory for its info log; with a logger of our own it never touches it.
  const std::string unused_directory = "/nonexistent";
  // A live writer may replace files between our looking at the manifest and opening them.
  constexpr int kTriesMax = 5;
  rocksdb::Status status;
  for (int attempt = 0; attempt < kTriesMax; ++attempt) {
    rocksdb::DB* opened = nullptr;
    status = rocksdb::DB::OpenAsSecondary(options, db.string(), unused_directory, &opened);
    if (status.ok()) {
      return std::unique_ptr<StoreReader>(
          std::make_unique<RocksStoreReader>(std::unique_ptr<rocksdb::DB>(opened)));
    }
    if (!status.IsIOError() && !status.IsTryAgain() && !status.IsPathNotFound()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5 << attempt));
  }
  return store_error("open", status);
}

}  // namespace phantom
