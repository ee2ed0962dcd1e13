#include "cli/part_file.h"

#include "ledger/home.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace phantom {

Result<PartFile> PartFile::make(const std::string& file) {
  // Another export to the same file may be running: its part is not ours to overwrite.
  const std::string part = file + ".part";
  const int fd = ::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST) {
    return Error{Code::kExists, part + " is there: another export runs, or one was killed",
                 "remove it when no other export runs"};
  }
  if (fd < 0) return file_error("cannot make", part, errno);
  return PartFile(file, fd);
}

PartFile::PartFile(PartFile&& other) noexcept
    : target_(std::move(other.target_)),
      part_(std::move(other.part_)),
      fd_(std::exchange(other.fd_, -1)) {}

PartFile::~PartFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(part_.c_str());
}

Status PartFile::publish() {
  if (::fsync(fd_) != 0) return file_error("cannot sync", part_, errno);
  // Readers see nothing of it before this.
  if (::rename(part_.c_str(), target_.c_str()) != 0)
    return file_error("cannot write", target_, errno);
  ::close(std::exchange(fd_, -1));
  const std::filesystem::path directory = std::filesystem::path(target_).parent_path();
  return sync_directory(directory.empty() ? "." : directory);
}

}  // namespace phantom
