#pragma once
// What the ledger takes on disk, as commands print it.

#include "cli/json.h"
#include "events/result.h"
#include "ledger/disk_usage.h"
#include "ledger/reader.h"

#include <filesystem>
#include <optional>
#include <string>

namespace phantom {

struct DiskReport {
  DiskUsage usage;
  std::uint64_t keys_bytes = 0;
  std::optional<std::uint64_t> entry_bytes;  // none: they were not read
};
// `keys` is empty for somebody else's ledger.
Result<DiskReport> report_disk(const std::filesystem::path& ledger,
                               const std::filesystem::path& keys);
// Reads every entry.
Result<std::uint64_t> count_entry_bytes(const LedgerReader& reader);

// An object: store_bytes, table_bytes, log_bytes, keys_bytes, reserve_bytes, entry_bytes or null.
void add_disk(Json& json, const DiskReport& report);
// "1.2 MiB: 1.0 MiB tables, 0.2 MiB logs"
std::string disk_line(const DiskReport& report);
// "4.1 MiB in entries, 3.4 times what is on disk"; empty when entries were not read.
std::string entries_line(const DiskReport& report);

// "1.2 MiB". Pure.
std::string bytes_text(std::uint64_t bytes);

}  // namespace phantom
