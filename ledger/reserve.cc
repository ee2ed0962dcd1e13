#include "ledger/reserve.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace phantom {
namespace {

Error reserve_error(const char* what, const std::filesystem::path& file, int number) {
  const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return {full ? Code::kLimit : Code::kIo,
          std::string(what) + " " + file.string() + ": " + std::strerror(number)};
}

}  // namespace

Result<DiskSpace> disk_space(const std::filesystem::path& path) {
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) != 0) {
    return reserve_error("look at the disk of", path, errno);
  }
  return DiskSpace{std::uint64_t{space.f_bavail} * space.f_frsize};
}

ReserveStep next_step(std::uint64_t free_bytes, std::uint64_t free_bytes_min,
                      std::uint64_t reserve_bytes, bool held) {
  if (free_bytes < free_bytes_min) return held ? ReserveStep::kLastWords : ReserveStep::kRefuse;
  // Not at the very edge, where it would be freed again at once.
  const bool room = free_bytes >= free_bytes_min + 2 * reserve_bytes;
  return !held && room ? ReserveStep::kRefill : ReserveStep::kAccept;
}

DiskReserve DiskReserve::open(const std::filesystem::path& file, std::uint64_t free_bytes_min) {
  DiskReserve reserve(file);
  struct stat info {};
  if (::stat(file.c_str(), &info) == 0 && static_cast<std::uint64_t>(info.st_size) == kBytes &&
      static_cast<std::uint64_t>(info.st_blocks) * 512 >= kBytes) {
    reserve.held_ = true;
    return reserve;
  }
  const auto space = disk_space(file.parent_path());
  if (space &&
      next_step(space->free_bytes, free_bytes_min, kBytes, false) == ReserveStep::kRefill) {
    (void)reserve.fill();  // without it the ledger works as well, until the disk is full
  }
  return reserve;
}

Status DiskReserve::fill() {
  const int fd = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return reserve_error("make", file_, errno);
  const int failed = ::posix_fallocate(fd, 0, static_cast<off_t>(kBytes));
  ::close(fd);
  held_ = failed == 0;
  if (held_) return {};
  PH_TRY(release());  // half a reserve is of no use to anybody
  return reserve_error("fill", file_, failed);
}

Status DiskReserve::release() {
  held_ = false;
  if (::truncate(file_.c_str(), 0) != 0 && errno != ENOENT) {
    return reserve_error("free", file_, errno);
  }
  return {};
}

}  // namespace phantom
