#pragma once
// What a ledger takes on disk, by part.

#include "events/result.h"
#include "ledger/home.h"

#include <cstdint>
#include <filesystem>

namespace phantom {

struct DiskUsage {
  std::uint64_t table_bytes = 0;    // the store's tables
  std::uint64_t log_bytes = 0;      // its write-ahead logs
  std::uint64_t other_bytes = 0;    // manifests, options, head copy and the like
  std::uint64_t reserve_bytes = 0;  // given back when the disk is full

  std::uint64_t store_bytes() const { return table_bytes + log_bytes + other_bytes; }
};
// Of a ledger directory. Files that go away meanwhile do not count. kDenied, kIo.
Result<DiskUsage> ledger_disk_usage(const std::filesystem::path& ledger);

// Of all files below a directory; 0 when it is not there.
Result<std::uint64_t> directory_bytes(const std::filesystem::path& directory);

}  // namespace phantom
