#include "cli/export_sink.h"

#include "cli/part_file.h"
#include "ledger/home.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

class OutputSink final : public ExportSink {
 public:
  explicit OutputSink(Output& output) : output_(output) {}
  Status write(std::string_view bytes) override {
    output_.result(bytes);
    return {};
  }
  Result<bool> flush() override { return output_.flush(); }
  Status finish() override { return {}; }

 private:
  Output& output_;
};

Status write_all(const std::string& file, int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return file_error("cannot write", file, errno);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

class NewFileSink final : public ExportSink {
 public:
  explicit NewFileSink(PartFile file) : file_(std::move(file)) {}
  Status write(std::string_view bytes) override {
    return write_all(file_.part(), file_.fd(), bytes);
  }
  Result<bool> flush() override { return true; }
  Status finish() override { return file_.publish(); }

 private:
  PartFile file_;
};

class GrowingFileSink final : public ExportSink {
 public:
  GrowingFileSink(std::string file, int fd) : file_(std::move(file)), fd_(fd) {}
  ~GrowingFileSink() override { ::close(fd_); }
  GrowingFileSink(const GrowingFileSink&) = delete;
  GrowingFileSink& operator=(const GrowingFileSink&) = delete;

  // After a last line that was cut off is gone.
  Status start();
  bool continues() const override { return continues_; }
  Status write(std::string_view bytes) override { return write_all(file_, fd_, bytes); }
  // A state that says how far the export is must never be ahead of the file.
  Result<bool> flush() override {
    PH_TRY(finish());
    return true;
  }
  Status finish() override {
    if (::fsync(fd_) != 0) return file_error("cannot sync", file_, errno);
    return {};
  }

 private:
  std::string file_;
  int fd_;
  bool continues_ = false;
};

// Size of the file up to the end of its last whole line.
Result<off_t> whole_lines(const std::string& file, int fd) {
  struct stat state = {};
  if (::fstat(fd, &state) != 0) return file_error("cannot read", file, errno);
  char block[65'536];
  off_t end = state.st_size;
  while (end > 0) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(sizeof block));
    const ssize_t size = ::pread(fd, block, static_cast<std::size_t>(end - begin), begin);
    if (size != end - begin) return file_error("cannot read", file, errno);
    const std::string_view text(block, static_cast<std::size_t>(size));
    const std::size_t line_break = text.rfind('\n');
    if (line_break != text.npos) return begin + static_cast<off_t>(line_break) + 1;
    end = begin;
  }
  return off_t{0};
}

Status GrowingFileSink::start() {
  PH_ASSIGN(const off_t size, whole_lines(file_, fd_));
  struct stat state = {};
  if (::fstat(fd_, &state) != 0) return file_error("cannot read", file_, errno);
  if (S_ISREG(state.st_mode) && ::ftruncate(fd_, size) != 0)
    return file_error("cannot cut", file_, errno);
  continues_ = size > 0;
  return {};
}

}  // namespace

std::unique_ptr<ExportSink> sink_to_output(Output& output) {
  return std::make_unique<OutputSink>(output);
}

Result<std::unique_ptr<ExportSink>> sink_to_new_file(const std::string& file) {
  PH_ASSIGN(PartFile part, PartFile::make(file));
  return std::unique_ptr<ExportSink>(std::make_unique<NewFileSink>(std::move(part)));
}

Result<std::unique_ptr<ExportSink>> sink_to_growing_file(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return file_error("cannot open", file, errno);
  auto sink = std::make_unique<GrowingFileSink>(file, fd);
  PH_TRY(sink->start());
  return std::unique_ptr<ExportSink>(std::move(sink));
}

}  // namespace phantom
