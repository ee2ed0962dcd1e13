#pragma once
// Room for the last words on a full disk: a file of zeros, ledger/reserve, whose blocks are taken
// while there is room and given back when there is none, so that an event that says so, and a clean
// close, still fit. Carries no evidence. One thread, the holder of the lease.

#include "events/result.h"

#include <cstdint>
#include <filesystem>

namespace phantom {

struct DiskSpace {
  std::uint64_t free_bytes = 0;  // for this user
};
// Of the file system that holds the path. kIo.
Result<DiskSpace> disk_space(const std::filesystem::path& path);

// What the reserve does next. Pure.
//   kAccept    record
//   kLastWords free the reserve, record ledger.disk_low, refuse what comes
//   kRefuse    refuse
//   kRefill    take the reserve again, record
enum class ReserveStep { kAccept, kLastWords, kRefuse, kRefill };
ReserveStep next_step(std::uint64_t free_bytes, std::uint64_t free_bytes_min,
                      std::uint64_t reserve_bytes, bool held);

class DiskReserve {
 public:
  static constexpr std::uint64_t kBytes = std::uint64_t{16} << 20;

  // Takes it unless the disk has no room for it and `free_bytes_min` beside; then it is not held.
  static DiskReserve open(const std::filesystem::path& file, std::uint64_t free_bytes_min);

  bool held() const { return held_; }
  // Takes the blocks. kLimit: there is no room. kIo.
  Status fill();
  // Gives them back.
  Status release();

 private:
  explicit DiskReserve(std::filesystem::path file) : file_(std::move(file)) {}
  std::filesystem::path file_;
  bool held_ = false;
};

}  // namespace phantom
