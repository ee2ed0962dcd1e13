#include "ledger/home.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace phantom {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool good() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Status write_all(int fd, ByteView bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Error file_error(const char* operation, const fs::path& path, int number) {
  const std::string message =
      std::string(operation) + " " + path.string() + ": " + std::strerror(number);
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return {Code::kNotFound, message};
    case EACCES:
    case EPERM:
    case EROFS:
      return {Code::kDenied, message};
    case ENOSPC:
    case EDQUOT:
      return {Code::kLimit, message, "free some disk space, then try again"};
    case EEXIST:
      return {Code::kExists, message};
    default:
      return {Code::kIo, message};
  }
}

Result<Home> resolve_home(const char* phantom_home, const char* home) {
  fs::path root;
  if (phantom_home != nullptr && *phantom_home != '\0') {
    root = phantom_home;
  } else if (home != nullptr && *home != '\0') {
    root = fs::path(home) / ".phantom";
  } else {
    return Error{Code::kInvalid, "neither PHANTOM_HOME nor HOME is set",
                 "set PHANTOM_HOME to the directory that holds phantom's state"};
  }
  std::error_code code;
  const fs::path absolute = fs::absolute(root, code);
  if (code) return Error{Code::kIo, "resolve " + root.string() + ": " + code.message()};
  return Home{absolute.lexically_normal()};
}

Status make_private_directory(const fs::path& directory) {
  if (directory.has_parent_path() && directory.parent_path() != directory) {
    struct stat parent {};
    if (::stat(directory.parent_path().c_str(), &parent) != 0) {
      PH_TRY(make_private_directory(directory.parent_path()));
    }
  }
  const bool made = ::mkdir(directory.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return file_error("make directory", directory, errno);
  // What will be kept in it is durable only if its own name is.
  const fs::path above = directory.has_parent_path() ? directory.parent_path() : fs::path(".");
  if (made && ::access(above.c_str(), R_OK) == 0) PH_TRY(sync_directory(above));
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0) return file_error("look at", directory, errno);
  if (!S_ISDIR(info.st_mode))
    return Error{Code::kExists, directory.string() + " is not a directory"};
  if ((info.st_mode & 0022) != 0) {
    return Error{Code::kDenied, directory.string() + " can be written by other users",
                 "run 'chmod go-w " + directory.string() + "'"};
  }
  return {};
}

Status write_file_durably(const fs::path& file, ByteView bytes, unsigned mode) {
  // The random part keeps two processes from writing into one temporary file.
  std::string temporary = file.string() + ".new-XXXXXX";
  Descriptor out(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!out.good()) return file_error("write", file, errno);
  const auto fail = [&](Error error) {
    ::unlink(temporary.c_str());
    return error;
  };
  if (::fchmod(out.get(), mode) != 0) return fail(file_error("write", file, errno));
  if (Status written = write_all(out.get(), bytes, file); !written.ok()) {
    return fail(std::move(written.error()));
  }
  if (::fsync(out.get()) != 0) return fail(file_error("sync", file, errno));
  if (::close(out.release()) != 0) return fail(file_error("close", file, errno));
  if (::rename(temporary.c_str(), file.c_str()) != 0)
    return fail(file_error("rename", file, errno));
  return sync_directory(file.has_parent_path() ? file.parent_path() : fs::path("."));
}

Status write_new_file(const fs::path& file, ByteView bytes) {
  Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!out.good()) return file_error("write", file, errno);
  PH_TRY(write_all(out.get(), bytes, file));
  if (::close(out.release()) != 0) return file_error("close", file, errno);
  return {};
}

Status sync_directory(const fs::path& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.good() || ::fsync(directory.get()) != 0) {
    Error error = file_error("sync", path, errno);
    error.code = Code::kIndeterminate;
    return error;
  }
  return {};
}

Result<Bytes> read_file(const fs::path& file, std::size_t bytes_max) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.good()) return file_error("read", file, errno);
  Bytes bytes;
  std::uint8_t chunk[16'384];
  for (;;) {
    const ssize_t got = ::read(in.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", file, errno);
    if (got == 0) return bytes;
    if (bytes.size() + static_cast<std::size_t>(got) > bytes_max) {
      return Error{Code::kLimit,
                   file.string() + " is larger than " + std::to_string(bytes_max) + " bytes"};
    }
    bytes.insert(bytes.end(), chunk, chunk + got);
  }
}

}  // namespace phantom
