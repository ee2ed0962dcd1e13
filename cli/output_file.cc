#include "cli/output_file.h"

#include "events/sha256.h"
#include "ledger/home.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace phantom {

Status write_output_file(const std::string& file, ByteView bytes) {
  const mode_t mask = umask(0);
  umask(mask);
  return write_file_durably(file, bytes, 0666 & ~mask);
}

Status append_output_file(const std::string& file, ByteView bytes) {
  const auto refuse = [&file](int number) {
    const bool denied = number == EACCES || number == EPERM || number == EROFS;
    return Error{denied ? Code::kDenied : Code::kIo,
                 "cannot add to " + file + ": " + std::strerror(number)};
  };
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) return refuse(errno);
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int number = written < 0 ? errno : ENOSPC;
      ::close(descriptor);
      return refuse(number);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (::close(descriptor) != 0) return refuse(errno);
  return {};
}

Result<Digest> file_digest(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<char> block(1024 * 1024);
  Sha256 hash;
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    hash.update(as_bytes({block.data(), static_cast<std::size_t>(in.gcount())}));
  }
  if (!in.eof()) return Error{Code::kIo, "cannot read " + file};
  return hash.finish();
}

}  // namespace phantom
