#include "tests/support/ledger_fault_fs.h"

#include <rocksdb/file_system.h>

#include <cstdlib>
#include <unistd.h>

namespace phantom::test {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using DiskPointer = std::shared_ptr<FaultDisk>;
using Decision = FaultDisk::Decision;

IOStatus status_of(const Decision& decision) {
  if (decision.kind == FaultKind::kNoSpace) {
    // As the engine's own file system reports it.
    IOStatus status = IOStatus::NoSpace("injected", "no space left on device");
    status.SetRetryable(true);
    return status;
  }
  return IOStatus::IOError("injected", decision.kind == FaultKind::kPowerLoss
                                           ? "the power is off"
                                           : "input/output error");
}

// Runs a change of names: before, instead of or as well as failing.
template <class Change>
IOStatus change_names(FaultDisk& disk, FileOp op, const std::string& name, Change change) {
  const std::lock_guard lock(disk.mutex);
  const auto decision = disk.count(op, name);
  if (!decision || decision->kind == FaultKind::kLie) return change();
  if (decision->bytes == FaultBytes::kLost) return status_of(*decision);
  const IOStatus done = change();
  return done.ok() ? status_of(*decision) : done;
}

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile> file, DiskPointer disk,
             ShadowDisk::InodePointer inode, std::string name)
      : FSWritableFileOwnerWrapper(std::move(file)),
        disk_(std::move(disk)),
        inode_(std::move(inode)),
        name_(std::move(name)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const std::lock_guard lock(disk_->mutex);
    const auto decision = disk_->count(FileOp::kAppend, name_);
    if (!decision || decision->kind == FaultKind::kLie) {
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    const std::size_t kept = decision->bytes == FaultBytes::kKept   ? data.size()
                             : decision->bytes == FaultBytes::kTorn ? data.size() / 2
                                                                    : 0;
    const IOStatus done =
        FSWritableFileOwnerWrapper::Append(Slice(data.data(), kept), options, debug);
    return done.ok() ? status_of(*decision) : done;
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*checksum*/,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  // Only files opened for direct writes are written at positions.
  IOStatus PositionedAppend(const Slice&, std::uint64_t, const IOOptions&,
                            IODebugContext*) override {
    return IOStatus::NotSupported("positioned append");
  }
  IOStatus PositionedAppend(const Slice&, std::uint64_t, const IOOptions&,
                            const rocksdb::DataVerificationInfo&, IODebugContext*) override {
    return IOStatus::NotSupported("positioned append");
  }

  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    return change_names(*disk_, FileOp::kTruncate, name_, [&] {
      const IOStatus done = FSWritableFileOwnerWrapper::Truncate(size, options, debug);
      if (done.ok()) inode_->synced_bytes = std::min(inode_->synced_bytes, size);
      return done;
    });
  }

  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(disk_->mutex);
    if (name_.ends_with(".log")) ++disk_->log_syncs;
    const auto decision = disk_->count(FileOp::kSync, name_);
    if (!decision) {
      ShadowDisk::synced(*inode_);
      return IOStatus::OK();
    }
    if (decision->kind == FaultKind::kLie) return IOStatus::OK();
    if (decision->kind == FaultKind::kPowerLoss) return status_of(*decision);
    if (decision->bytes == FaultBytes::kKept) {
      ShadowDisk::synced(*inode_);
    } else {
      ShadowDisk::sync_failed(
          *inode_, decision->bytes == FaultBytes::kTorn ? Unsynced::kTorn : Unsynced::kLost);
    }
    return status_of(*decision);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }
  // A hint without a promise.
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }

 private:
  DiskPointer disk_;
  ShadowDisk::InodePointer inode_;
  std::string name_;
};

class FaultyDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  FaultyDirectory(std::unique_ptr<rocksdb::FSDirectory> directory, DiskPointer disk,
                  std::string name)
      : FSDirectoryWrapper(std::move(directory)), disk_(std::move(disk)), name_(std::move(name)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(disk_->mutex);
    const auto decision = disk_->count(FileOp::kDirectorySync, name_);
    const bool done =
        !decision || (decision->bytes == FaultBytes::kKept && decision->kind != FaultKind::kLie &&
                      decision->kind != FaultKind::kPowerLoss);
    if (done) disk_->shadow.directory_synced(name_);
    return !decision || decision->kind == FaultKind::kLie ? IOStatus::OK() : status_of(*decision);
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& /*what*/) override {
    return Fsync(options, debug);
  }

 private:
  DiskPointer disk_;
  std::string name_;
};

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(DiskPointer disk)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(std::move(disk)) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override {
    return change_names(*disk_, FileOp::kCreate, name, [&] {
      disk_->shadow.before_create(name);
      const IOStatus done = FileSystemWrapper::NewWritableFile(name, options, result, debug);
      if (done.ok()) wrap(name, disk_->shadow.created(name), result);
      return done;
    });
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* debug) override {
    return change_names(*disk_, FileOp::kCreate, name, [&] {
      ShadowDisk::InodePointer inode = disk_->shadow.find(name);
      const IOStatus done = FileSystemWrapper::ReopenWritableFile(name, options, result, debug);
      if (!done.ok()) return done;
      if (inode == nullptr) inode = disk_->shadow.created(name);
      wrap(name, std::move(inode), result);
      return done;
    });
  }
  // Writing over old content is beyond what the shadow can undo.
  IOStatus ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("reuse");
  }
  IOStatus NewSequentialFile(const std::string& name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* debug) override {
    if (const IOStatus refused = before_open(name); !refused.ok()) return refused;
    return FileSystemWrapper::NewSequentialFile(name, options, result, debug);
  }
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* debug) override {
    if (const IOStatus refused = before_open(name); !refused.ok()) return refused;
    return FileSystemWrapper::NewRandomAccessFile(name, options, result, debug);
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext* debug) override {
    const IOStatus done = FileSystemWrapper::NewDirectory(name, options, result, debug);
    if (done.ok()) *result = std::make_unique<FaultyDirectory>(std::move(*result), disk_, name);
    return done;
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* debug) override {
    return change_names(*disk_, FileOp::kDelete, name, [&] {
      disk_->shadow.before_remove(name);
      return FileSystemWrapper::DeleteFile(name, options, debug);
    });
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    return change_names(*disk_, FileOp::kRename, to, [&] {
      const IOStatus done = FileSystemWrapper::RenameFile(from, to, options, debug);
      if (done.ok()) disk_->shadow.renamed(from, to);
      return done;
    });
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* debug) override {
    return change_names(*disk_, FileOp::kLink, to, [&] {
      const IOStatus done = FileSystemWrapper::LinkFile(from, to, options, debug);
      if (done.ok()) disk_->shadow.linked(from, to);
      return done;
    });
  }
  IOStatus Truncate(const std::string& name, std::size_t size, const IOOptions& options,
                    IODebugContext* debug) override {
    return change_names(*disk_, FileOp::kTruncate, name, [&] {
      const IOStatus done = FileSystemWrapper::Truncate(name, size, options, debug);
      const ShadowDisk::InodePointer inode = disk_->shadow.find(name);
      if (done.ok() && inode != nullptr) {
        inode->synced_bytes = std::min<std::uint64_t>(inode->synced_bytes, size);
      }
      return done;
    });
  }

 private:
  void wrap(const std::string& name, ShadowDisk::InodePointer inode,
            std::unique_ptr<rocksdb::FSWritableFile>* result) {
    *result = std::make_unique<FaultyFile>(std::move(*result), disk_, std::move(inode), name);
  }
  IOStatus before_open(const std::string& name) {
    const std::lock_guard lock(disk_->mutex);
    const auto decision = disk_->count(FileOp::kOpen, name);
    return !decision || decision->kind == FaultKind::kLie ? IOStatus::OK() : status_of(*decision);
  }

  DiskPointer disk_;
};

}  // namespace

std::optional<FaultDisk::Decision> FaultDisk::count(FileOp op, const std::string& name) {
  if (dead) return Decision{FaultKind::kPowerLoss, FaultBytes::kLost};
  ++total;
  ++counts[static_cast<std::size_t>(op)];
  if (!fault || (fault->op && *fault->op != op) || !name.ends_with(fault->name_end)) return {};
  ++matches;
  if (matches < fault->at || (matches > fault->at && !fault->lasting)) return {};
  if (hit.empty()) {
    constexpr const char* kNames[kFileOps] = {"create", "open",           "append",
                                              "sync",   "directory sync", "rename",
                                              "delete", "truncate",       "link"};
    hit = std::string(kNames[static_cast<std::size_t>(op)]) + " " +
          std::filesystem::path(name).filename().string();
  }
  if (fault->kind != FaultKind::kPowerLoss) return Decision{fault->kind, fault->bytes};
  dead = true;
  return {};
}

TemporaryFilesInMemory::TemporaryFilesInMemory() {
  if (const char* old = std::getenv("TMPDIR")) old_ = old;
  if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
}

TemporaryFilesInMemory::~TemporaryFilesInMemory() {
  if (old_) {
    ::setenv("TMPDIR", old_->c_str(), 1);
  } else {
    ::unsetenv("TMPDIR");
  }
}

FaultFs::FaultFs()
    : disk_(std::make_shared<FaultDisk>()),
      env_(rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(disk_))) {}
FaultFs::~FaultFs() = default;

void FaultFs::arm(Fault fault) {
  const std::lock_guard lock(disk_->mutex);
  disk_->fault = std::move(fault);
  disk_->matches = 0;
  disk_->hit.clear();
}

void FaultFs::disarm() {
  const std::lock_guard lock(disk_->mutex);
  disk_->fault.reset();
}

std::string FaultFs::hit() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->hit;
}

void FaultFs::set(LogFault fault) {
  Fault wanted;
  wanted.lasting = true;
  wanted.name_end = ".log";
  wanted.op = FileOp::kAppend;
  switch (fault) {
    case LogFault::kNone:
      return disarm();
    case LogFault::kSyncFails:
      wanted.op = FileOp::kSync;
      wanted.bytes = FaultBytes::kKept;
      break;
    case LogFault::kAppendFails:
      break;
    case LogFault::kAppendTorn:
      wanted.bytes = FaultBytes::kTorn;
      break;
    case LogFault::kDiskFull:
      wanted.kind = FaultKind::kNoSpace;
      break;
  }
  arm(wanted);
}

std::uint64_t FaultFs::operations() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->total;
}

std::uint64_t FaultFs::operations(FileOp op) const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->counts[static_cast<std::size_t>(op)];
}

std::uint64_t FaultFs::log_syncs() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->log_syncs;
}

void FaultFs::lose_power(const std::filesystem::path& db, Unsynced unsynced) {
  const std::lock_guard lock(disk_->mutex);
  disk_->dead = false;
  disk_->fault.reset();
  if (std::filesystem::exists(db)) disk_->shadow.lose_power(db, unsynced);
}

}  // namespace phantom::test
