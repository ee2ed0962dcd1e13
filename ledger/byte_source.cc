#include "ledger/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

Error os_error(const std::string& file, const char* what) {
  const int number = errno;
  const Code code = number == ENOENT || number == ENOTDIR ? Code::kNotFound
                    : number == EACCES || number == EPERM ? Code::kDenied
                                                          : Code::kIo;
  return Error{code, std::string(what) + " " + file + ": " + std::strerror(number)};
}

class FileSource final : public ByteSource {
 public:
  explicit FileSource(std::string file) : file_(std::move(file)) {}
  ~FileSource() override {
    if (fd_ >= 0) ::close(fd_);
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  Status open() {
    fd_ = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) return os_error(file_, "cannot read");
    struct stat state = {};
    if (::fstat(fd_, &state) != 0) return os_error(file_, "cannot read");
    if (!S_ISREG(state.st_mode)) {
      return Error{Code::kInvalid, file_ + " is not an ordinary file",
                   "it is read at many places: copy it to a file first"};
    }
    size_ = static_cast<std::uint64_t>(state.st_size);
    return {};
  }

  std::uint64_t size() const override { return size_; }
  Status read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    while (!out.empty()) {
      const ssize_t done = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return os_error(file_, "cannot read");
      if (done == 0) return Error{Code::kIo, file_ + " became shorter while it was read"};
      offset += static_cast<std::uint64_t>(done);
      out = out.subspan(static_cast<std::size_t>(done));
    }
    return {};
  }

 private:
  std::string file_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Status read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    PH_CHECK(offset <= bytes_.size() && out.size() <= bytes_.size() - offset, "within the source");
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return {};
  }

 private:
  Bytes bytes_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_byte_source(const std::filesystem::path& file) {
  auto source = std::make_unique<FileSource>(file.string());
  PH_TRY(source->open());
  return std::unique_ptr<ByteSource>(std::move(source));
}

std::unique_ptr<ByteSource> byte_source_of(Bytes bytes) {
  return std::make_unique<MemorySource>(std::move(bytes));
}

Result<ByteView> SourceCursor::take(std::size_t count) {
  PH_CHECK(count <= left(), "within the part");
  if (held() < count) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    const std::size_t had = buffer_.size();
    const std::uint64_t more = std::min<std::uint64_t>(left_, std::max(count - had, kBufferBytes));
    buffer_.resize(had + static_cast<std::size_t>(more));
    PH_TRY(source_->read(offset_, std::span(buffer_).subspan(had)));
    offset_ += more;
    left_ -= more;
  }
  const ByteView taken = ByteView(buffer_).subspan(at_, count);
  at_ += count;
  return taken;
}

}  // namespace phantom
