#include "tests/support/ledger_fault_fs.h"

#include <rocksdb/file_system.h>

namespace phantom::test {
namespace {

using FaultPointer = std::shared_ptr<std::atomic<LogFault>>;
using CountPointer = std::shared_ptr<std::atomic<std::uint64_t>>;

class FaultyLog final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyLog(std::unique_ptr<rocksdb::FSWritableFile> file, FaultPointer fault, CountPointer syncs)
      : FSWritableFileOwnerWrapper(std::move(file)),
        fault_(std::move(fault)),
        syncs_(std::move(syncs)) {}

  using FSWritableFileOwnerWrapper::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    switch (fault_->load()) {
      case LogFault::kAppendFails:
        return rocksdb::IOStatus::IOError("injected write error");
      case LogFault::kDiskFull:
        return rocksdb::IOStatus::NoSpace("injected");
      case LogFault::kAppendTorn: {
        const auto half = FSWritableFileOwnerWrapper::Append(
            rocksdb::Slice(data.data(), data.size() / 2), options, debug);
        return half.ok() ? rocksdb::IOStatus::IOError("injected torn write") : half;
      }
      case LogFault::kNone:
      case LogFault::kSyncFails:
        break;
    }
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    ++*syncs_;
    const auto status = FSWritableFileOwnerWrapper::Sync(options, debug);
    if (*fault_ == LogFault::kSyncFails) return rocksdb::IOStatus::IOError("injected sync error");
    return status;
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  FaultPointer fault_;
  CountPointer syncs_;
};

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem(FaultPointer fault, CountPointer syncs)
      : FileSystemWrapper(rocksdb::FileSystem::Default()),
        fault_(std::move(fault)),
        syncs_(std::move(syncs)) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    const auto status = FileSystemWrapper::NewWritableFile(name, options, result, debug);
    if (status.ok() && name.ends_with(".log")) {
      *result = std::make_unique<FaultyLog>(std::move(*result), fault_, syncs_);
    }
    return status;
  }

 private:
  FaultPointer fault_;
  CountPointer syncs_;
};

}  // namespace

FaultFs::FaultFs()
    : fault_(std::make_shared<std::atomic<LogFault>>(LogFault::kNone)),
      log_syncs_(std::make_shared<std::atomic<std::uint64_t>>(0)),
      env_(rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(fault_, log_syncs_))) {}
FaultFs::~FaultFs() = default;

}  // namespace phantom::test
