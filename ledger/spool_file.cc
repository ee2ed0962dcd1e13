#include "ledger/spool_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace phantom {
namespace {

Error spool_error(const std::string& what) {
  const int number = errno;
  const Code code = number == ENOSPC || number == EDQUOT || number == EFBIG  ? Code::kLimit
                    : number == EACCES || number == EPERM || number == EROFS ? Code::kDenied
                    : number == ENOENT || number == ENOTDIR                  ? Code::kNotFound
                                                                             : Code::kIo;
  return Error{code, what + ": " + std::strerror(number)};
}

}  // namespace

Result<SpoolFile> SpoolFile::make(const std::filesystem::path& directory) {
  std::string pattern = (directory / ".phantom-spool-XXXXXX").string();
  const int fd = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (fd < 0) return spool_error("cannot make a temporary file in " + directory.string());
  ::unlink(pattern.c_str());
  return SpoolFile(fd);
}

SpoolFile::SpoolFile(SpoolFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)),
      size_(other.size_),
      hash_(std::move(other.hash_)) {}

SpoolFile& SpoolFile::operator=(SpoolFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(buffer_, other.buffer_);
  std::swap(size_, other.size_);
  std::swap(hash_, other.hash_);
  return *this;
}

SpoolFile::~SpoolFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status SpoolFile::append(ByteView bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  size_ += bytes.size();
  return buffer_.size() < kPieceBytes ? Status() : flush();
}

Status SpoolFile::flush() {
  hash_.update(buffer_);
  for (ByteView rest = buffer_; !rest.empty();) {
    const ssize_t done = ::write(fd_, rest.data(), rest.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return spool_error("cannot write a temporary file");
    rest = rest.subspan(static_cast<std::size_t>(done));
  }
  buffer_.clear();
  return {};
}

Status SpoolFile::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  while (!out.empty()) {
    const ssize_t done = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return spool_error("cannot read a temporary file");
    offset += static_cast<std::uint64_t>(done);
    out = out.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

}  // namespace phantom
