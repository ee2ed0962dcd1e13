#include "cli/directory_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kNames =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kNamesAndContent = kNames | IN_CLOSE_WRITE | IN_MODIFY;
constexpr std::uint32_t kItself = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;
constexpr int kQuietTimesMax = 10;

Error watch_error(const char* what, const fs::path& directory) {
  const int number = errno;
  Error error{Code::kIo,
              std::string(what) + " " + directory.string() + ": " + std::strerror(number)};
  if (number == ENOSPC || number == EMFILE) {
    error.code = Code::kLimit;
    error.hint = "raise fs.inotify.max_user_watches or max_user_instances (sysctl)";
  }
  return error;
}

}  // namespace

Status DirectoryWatch::watch(const std::vector<fs::path>& directories) {
  // A new queue: a watch follows its directory when that is renamed, and would tell of another
  // place.
  Fd fresh(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fresh.good()) return watch_error("watch", "directories");
  inotify_ = std::move(fresh);
  watched_.clear();
  for (const fs::path& directory : directories) {
    fs::path at = directory;
    std::string missing;
    for (;;) {
      const Status added = add(at, missing);
      if (added.ok()) break;
      const bool gone = added.error().code == Code::kNotFound;
      if (!gone || !at.has_relative_path()) return added;
      missing = at.filename().string();
      at = at.parent_path();
    }
    // The directory may itself be renamed or taken away together with one above it.
    if (missing.empty() && directory.has_relative_path()) {
      const Status above = add(directory.parent_path(), directory.filename().string());
      if (!above.ok() && above.error().code != Code::kNotFound) return above;
    }
  }
  return {};
}

Status DirectoryWatch::add(const fs::path& directory, const std::string& missing) {
  const std::uint32_t mask = missing.empty() ? kNamesAndContent : kNames;
  const int descriptor =
      inotify_add_watch(inotify_.get(), directory.c_str(), mask | IN_ONLYDIR | IN_MASK_ADD);
  if (descriptor >= 0) {
    watched_.push_back({descriptor, missing});
    return {};
  }
  if (errno == ENOENT || errno == ENOTDIR) {
    return Error{Code::kNotFound, directory.string() + " is not there"};
  }
  if (errno == EACCES) {
    return Error{Code::kDenied, directory.string() + " cannot be read"};
  }
  return watch_error("watch", directory);
}

Result<DirectoryWatch::Wake> DirectoryWatch::wait(int stop, std::chrono::milliseconds quiet) {
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> last;
  Clock::time_point first;
  for (;;) {
    int timeout = -1;
    if (last) {
      const auto until = std::min(*last + quiet, first + quiet * kQuietTimesMax);
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count() + 1;
      if (left <= 0) return Wake::kChanged;
      timeout = static_cast<int>(left);
    }
    std::array<pollfd, 2> polled{{{inotify_.get(), POLLIN, 0}, {stop, POLLIN, 0}}};
    const int ready = ::poll(polled.data(), polled.size(), timeout);
    if (ready < 0 && errno != EINTR)
      return Error{Code::kIo, "poll: " + std::string(std::strerror(errno))};
    if (ready <= 0) continue;
    if (polled[1].revents != 0) return Wake::kStopped;
    PH_ASSIGN(const bool changed, read_changes());
    if (!changed) continue;
    if (!last) first = Clock::now();
    last = Clock::now();
  }
}

Result<bool> DirectoryWatch::read_changes() {
  alignas(inotify_event) std::array<char, 64 * 1'024> buffer;
  bool changed = false;
  for (;;) {
    const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return changed;
    if (got <= 0) return Error{Code::kIo, "read changes: " + std::string(std::strerror(errno))};
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name_at = buffer.data() + at + sizeof event;
      const std::string_view name(name_at, event.len == 0 ? 0 : strnlen(name_at, event.len));
      at += sizeof event + event.len;
      if ((event.mask & (IN_Q_OVERFLOW | kItself)) != 0) changed = true;
      if (changed || name.empty()) continue;
      changed = std::any_of(watched_.begin(), watched_.end(), [&](const Watched& each) {
        if (each.descriptor != event.wd) return false;
        if (!each.missing.empty()) return name == each.missing;
        // A directory within may hold files that matter.
        return (event.mask & IN_ISDIR) != 0 || wanted_(name);
      });
    }
  }
}

}  // namespace phantom
