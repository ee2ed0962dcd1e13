#include "ledger/disk_usage.h"

#include "ledger/layout.h"

#include <functional>

namespace phantom {
namespace {

namespace fs = std::filesystem;

Status each_file(const fs::path& directory,
                 const std::function<void(const fs::path&, std::uint64_t)>& visit) {
  std::error_code code;
  fs::recursive_directory_iterator at(directory, code);
  for (; !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
    std::error_code gone;
    if (!at->is_regular_file(gone)) continue;
    const std::uintmax_t size = at->file_size(gone);
    if (!gone) visit(at->path(), size);
  }
  if (!code || code == std::errc::no_such_file_or_directory) return {};
  return Error{code == std::errc::permission_denied ? Code::kDenied : Code::kIo,
               "read " + directory.string() + ": " + code.message()};
}

}  // namespace

Result<DiskUsage> ledger_disk_usage(const fs::path& ledger) {
  DiskUsage usage;
  const LedgerFiles files{ledger};
  PH_TRY(each_file(ledger, [&](const fs::path& file, std::uint64_t size) {
    std::uint64_t& part = file == files.reserve()      ? usage.reserve_bytes
                          : file.extension() == ".sst" ? usage.table_bytes
                          : file.extension() == ".log" ? usage.log_bytes
                                                       : usage.other_bytes;
    part += size;
  }));
  return usage;
}

Result<std::uint64_t> directory_bytes(const fs::path& directory) {
  std::uint64_t total = 0;
  PH_TRY(each_file(directory, [&](const fs::path&, std::uint64_t size) { total += size; }));
  return total;
}

}  // namespace phantom
