#include "ledger/lease.h"

#include <boost/interprocess/sync/file_lock.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

// Leases this process holds: fcntl locks do not exclude threads of one process from each other.
struct Held {
  std::mutex mutex;
  std::set<std::string> paths;
};
Held& held() {
  static Held instance;
  return instance;
}

std::string key_of(const fs::path& file) {
  std::error_code code;
  const fs::path canonical = fs::weakly_canonical(file, code);
  return code ? file.string() : canonical.string();
}

}  // namespace

struct Lease::State {
  std::string path;
  std::string key;
  boost::interprocess::file_lock lock;
  dev_t device = 0;
  ino_t inode = 0;
};

Lease::Lease(std::unique_ptr<State> state) : state_(std::move(state)) {}
Lease::Lease(Lease&&) noexcept = default;

Lease::~Lease() {
  if (!state_) return;
  const std::lock_guard guard(held().mutex);
  try {
    state_->lock.unlock();
  } catch (const boost::interprocess::interprocess_exception&) {
    // The kernel frees it with the descriptor.
  }
  held().paths.erase(state_->key);
}

Status Lease::make_file(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return Error{Code::kIo, "make " + file.string() + ": " + std::strerror(errno)};
  ::close(fd);
  return {};
}

Result<Lease> Lease::try_acquire(const fs::path& file) {
  auto state = std::make_unique<State>();
  state->path = file.string();
  state->key = key_of(file);
  const std::lock_guard guard(held().mutex);
  if (held().paths.count(state->key) != 0) {
    return Error{Code::kBusy, "this process already holds the lease on " + file.string()};
  }
  struct stat before {};
  if (::stat(file.c_str(), &before) != 0) {
    return Error{errno == ENOENT ? Code::kNotFound : Code::kIo,
                 "lock file " + file.string() + ": " + std::strerror(errno)};
  }
  try {
    state->lock = boost::interprocess::file_lock(file.c_str());
    if (!state->lock.try_lock()) {
      return Error{Code::kBusy, "another process holds the lease on " + file.string()};
    }
  } catch (const boost::interprocess::interprocess_exception& failure) {
    return Error{failure.get_native_error() == EACCES ? Code::kDenied : Code::kIo,
                 "lock file " + file.string() + ": " + failure.what()};
  }
  state->device = before.st_dev;
  state->inode = before.st_ino;
  held().paths.insert(state->key);
  Lease lease(std::move(state));
  // Replaced between the look and the lock: whoever made the new file may hold that one.
  struct stat after {};
  if (::stat(file.c_str(), &after) != 0 || after.st_ino != before.st_ino ||
      after.st_dev != before.st_dev) {
    held().paths.erase(lease.state_->key);
    lease.state_.reset();
    return Error{Code::kBusy, "lock file " + file.string() + " is being replaced"};
  }
  return lease;
}

Result<Lease> Lease::acquire(const fs::path& file, std::chrono::milliseconds wait_max) {
  const auto deadline = std::chrono::steady_clock::now() + wait_max;
  for (;;) {
    auto lease = try_acquire(file);
    if (lease.ok() || lease.error().code != Code::kBusy ||
        std::chrono::steady_clock::now() >= deadline) {
      return lease;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Result<Lease> Lease::take_from_nobody(const fs::path& file) {
  auto lease = try_acquire(file);
  if (lease.ok() || lease.error().code != Code::kBusy) return lease;
  const auto pid = holder(file);
  return Error{Code::kBusy,
               pid.ok() && *pid ? "a writer is running: process " + std::to_string(**pid)
                                : "a writer is running",
               "end it first, then start this again"};
}

Result<std::optional<int>> Lease::holder(const fs::path& file) {
  const std::lock_guard guard(held().mutex);
  if (held().paths.count(key_of(file)) != 0) return std::optional<int>(::getpid());
  const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return std::optional<int>();
    return Error{errno == EACCES ? Code::kDenied : Code::kIo,
                 "lock file " + file.string() + ": " + std::strerror(errno)};
  }
  struct flock probe {};
  probe.l_type = F_WRLCK;
  probe.l_whence = SEEK_SET;
  const int asked = ::fcntl(fd, F_GETLK, &probe);
  const int number = errno;
  ::close(fd);
  if (asked != 0)
    return Error{Code::kIo, "lock file " + file.string() + ": " + std::strerror(number)};
  if (probe.l_type == F_UNLCK) return std::optional<int>();
  return std::optional<int>(probe.l_pid);
}

bool Lease::still_there() const {
  struct stat now {};
  return ::stat(state_->path.c_str(), &now) == 0 && now.st_ino == state_->inode &&
         now.st_dev == state_->device;
}

}  // namespace phantom
