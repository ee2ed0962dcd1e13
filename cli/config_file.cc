#include "cli/config_file.h"

#include "events/sha256.h"
#include "ledger/home.h"
#include "proxy/config_events.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kConfigBytesMax = 256 * 1'024;

Error changed_meanwhile(const fs::path& path) {
  return Error{Code::kConflict, path.string() + " changed while phantom worked on it",
               "run the command again"};
}

Error failed(const fs::path& path, const char* what) {
  return Error{Code::kIo, path.string() + ": " + what + ": " + std::strerror(errno)};
}

fs::path beside(const fs::path& path) {
  return path.parent_path() /
         (path.filename().string() + ".phantom-" + std::to_string(::gettid()) + ".tmp");
}

// Held by whoever of phantom's processes replaces a file of this directory. Goes with its holder.
class DirectoryLock {
 public:
  static Result<DirectoryLock> take(const fs::path& directory) {
    constexpr auto kWaitMax = std::chrono::seconds(5);
    constexpr auto kPause = std::chrono::milliseconds(10);
    DirectoryLock lock;
    lock.fd_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock.fd_ < 0) return failed(directory, "open");
    const auto until = std::chrono::steady_clock::now() + kWaitMax;
    while (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return failed(directory, "lock");
      if (std::chrono::steady_clock::now() > until) {
        return Error{Code::kBusy, "another command is changing " + directory.string()};
      }
      std::this_thread::sleep_for(kPause);
    }
    return lock;
  }
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  DirectoryLock() = default;
  int fd_ = -1;
};

Status check_unchanged(const fs::path& file, const Digest& wanted, const fs::path& shown) {
  const auto now = read_file(file, kConfigBytesMax);
  if (!now.ok() && now.error().code != Code::kNotFound) return now.error();
  if (!now.ok() || sha256(*now) != wanted) return changed_meanwhile(shown);
  return {};
}

}  // namespace

Result<ConfigOnDisk> read_config_file(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return Error{Code::kDenied, path.string() + " is not an ordinary file",
                 "phantom does not write through links; change the file itself"};
  }
  ConfigOnDisk file;
  file.path = path;
  file.mode = info.st_mode & 0777;
  PH_ASSIGN(const Bytes bytes, read_file(path, kConfigBytesMax));
  file.text = std::string(as_text(bytes));
  file.digest = sha256(bytes);
  return file;
}

Status exchange_config_file(const ConfigOnDisk& before, std::string_view after) {
  PH_ASSIGN(const DirectoryLock lock, DirectoryLock::take(before.path.parent_path()));
  PH_TRY(check_unchanged(before.path, before.digest, before.path));
  const fs::path fresh = beside(before.path);
  PH_TRY(write_file_durably(fresh, as_bytes(after), before.mode));
  // The two names change places in one step, so that what was there can still be looked at: what
  // a program that knows no lock wrote between the look above and now is found and put back.
  const int swapped =
      ::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, before.path.c_str(), RENAME_EXCHANGE);
  if (swapped != 0 && (errno == EINVAL || errno == ENOSYS)) {
    if (::rename(fresh.c_str(), before.path.c_str()) != 0) return failed(before.path, "replace");
    return sync_directory(before.path.parent_path());
  }
  if (swapped != 0) {
    const Error why = failed(before.path, "replace");
    ::unlink(fresh.c_str());
    return why;
  }
  if (const Status same = check_unchanged(fresh, before.digest, before.path); !same.ok()) {
    ::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, before.path.c_str(), RENAME_EXCHANGE);
    ::unlink(fresh.c_str());
    return same.error();
  }
  ::unlink(fresh.c_str());
  return sync_directory(before.path.parent_path());
}

Status replace_config_file(Appender& appender, const Context& context, const ConfigOnDisk& before,
                           const EditedConfig& after) {
  ConfigChange change;
  change.before = before.digest;
  change.after = after.config.digest;
  change.keys = after.keys;
  PH_ASSIGN(const Receipt requested, appender.append(config_change_requested(context, change)));
  const Status replaced = exchange_config_file(before, after.text);
  Outcome outcome = Outcome::Ok;
  Reason reason = Reason::None;
  if (!replaced.ok()) {
    outcome = Outcome::Failed;
    reason = replaced.error().code == Code::kConflict ? Reason::Conflict : Reason::IoError;
  }
  const auto completed = appender.append(
      config_change_completed(context, requested.seq, after.config.digest, outcome, reason));
  PH_TRY(replaced);
  PH_TRY(completed);
  return {};
}

}  // namespace phantom
