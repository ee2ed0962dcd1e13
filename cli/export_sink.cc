#include "cli/export_sink.h"

#include "ledger/home.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
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

Error io_error(const std::string& file, const char* what) {
  const int number = errno;
  const Code code = number == ENOSPC || number == EDQUOT    ? Code::kLimit
                    : number == EACCES || number == EPERM   ? Code::kDenied
                    : number == ENOENT || number == ENOTDIR ? Code::kNotFound
                                                            : Code::kIo;
  return Error{code, std::string(what) + " " + file + ": " + std::strerror(number)};
}

class FileSink : public ExportSink {
 public:
  FileSink(std::string file, int fd) : file_(std::move(file)), fd_(fd) {}
  ~FileSink() override {
    if (fd_ >= 0) ::close(fd_);
  }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  Status write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t done = ::write(fd_, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return io_error(file_, "cannot write");
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return {};
  }
  Result<bool> flush() override { return true; }
  Status finish() override {
    if (::fsync(fd_) != 0) return io_error(file_, "cannot sync");
    return {};
  }

 protected:
  std::string file_;
  int fd_;
};

class NewFileSink final : public FileSink {
 public:
  NewFileSink(const std::string& file, int fd) : FileSink(file + ".part", fd), target_(file) {}
  ~NewFileSink() override {
    if (!finished_) ::unlink(file_.c_str());
  }
  // Readers see nothing of it before the end.
  Status finish() override {
    PH_TRY(FileSink::finish());
    if (::rename(file_.c_str(), target_.c_str()) != 0) return io_error(target_, "cannot write");
    finished_ = true;
    const std::filesystem::path directory = std::filesystem::path(target_).parent_path();
    return sync_directory(directory.empty() ? "." : directory);
  }

 private:
  std::string target_;
  bool finished_ = false;
};

class GrowingFileSink final : public FileSink {
 public:
  GrowingFileSink(std::string file, int fd, bool continues)
      : FileSink(std::move(file), fd), continues_(continues) {}
  bool continues() const override { return continues_; }
  // A state that says how far the export is must never be ahead of the file.
  Result<bool> flush() override {
    PH_TRY(FileSink::finish());
    return true;
  }

 private:
  bool continues_;
};

// Size of the file up to the end of its last whole line.
Result<off_t> whole_lines(const std::string& file, int fd) {
  struct stat state = {};
  if (::fstat(fd, &state) != 0) return io_error(file, "cannot read");
  char block[65'536];
  off_t end = state.st_size;
  while (end > 0) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(sizeof block));
    const ssize_t size = ::pread(fd, block, static_cast<std::size_t>(end - begin), begin);
    if (size != end - begin) return io_error(file, "cannot read");
    const std::string_view text(block, static_cast<std::size_t>(size));
    const std::size_t line_break = text.rfind('\n');
    if (line_break != text.npos) return begin + static_cast<off_t>(line_break) + 1;
    end = begin;
  }
  return off_t{0};
}

}  // namespace

std::unique_ptr<ExportSink> sink_to_output(Output& output) {
  return std::make_unique<OutputSink>(output);
}

Result<std::unique_ptr<ExportSink>> sink_to_new_file(const std::string& file) {
  // Another export to the same file may be running: its part is not ours to overwrite.
  const std::string part = file + ".part";
  int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST) {
    return Error{Code::kExists, part + " is there: another export runs, or one was killed",
                 "remove it when no other export runs"};
  }
  if (fd < 0) return io_error(part, "cannot make");
  return std::unique_ptr<ExportSink>(std::make_unique<NewFileSink>(file, fd));
}

Result<std::unique_ptr<ExportSink>> sink_to_growing_file(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return io_error(file, "cannot open");
  // Owns the descriptor from here on.
  auto sink = std::make_unique<GrowingFileSink>(file, fd, false);
  PH_ASSIGN(const off_t size, whole_lines(file, fd));
  struct stat state = {};
  if (::fstat(fd, &state) != 0) return io_error(file, "cannot read");
  if (S_ISREG(state.st_mode) && ::ftruncate(fd, size) != 0) return io_error(file, "cannot cut");
  if (size == 0) return std::unique_ptr<ExportSink>(std::move(sink));
  const int again = ::dup(fd);
  if (again < 0) return io_error(file, "cannot open");
  return std::unique_ptr<ExportSink>(std::make_unique<GrowingFileSink>(file, again, true));
}

}  // namespace phantom
