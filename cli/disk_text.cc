#include "cli/disk_text.h"

#include <array>

namespace phantom {
namespace {

// With one digit behind the point, rounded.
std::string tenths(std::uint64_t numerator, std::uint64_t denominator) {
  const std::uint64_t value = (numerator * 10 + denominator / 2) / denominator;
  return std::to_string(value / 10) + "." + std::to_string(value % 10);
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 3> kUnits{" KiB", " MiB", " GiB"};
  if (bytes < 1'024) return std::to_string(bytes) + " bytes";
  std::uint64_t unit = 1'024;
  std::size_t at = 0;
  while (at + 1 < kUnits.size() && bytes >= unit * 1'024) {
    unit *= 1'024;
    ++at;
  }
  return tenths(bytes, unit) + kUnits[at];
}

Result<DiskReport> report_disk(const std::filesystem::path& ledger,
                               const std::filesystem::path& keys) {
  DiskReport report;
  PH_ASSIGN(report.usage, ledger_disk_usage(ledger));
  if (!keys.empty()) {
    PH_ASSIGN(report.keys_bytes, directory_bytes(keys));
  }
  return report;
}

Result<std::uint64_t> count_entry_bytes(const LedgerReader& reader) {
  std::uint64_t total = 0;
  PH_TRY(reader.scan(0, reader.head().checkpoint.size, [&](Seq, const Bytes& entry) {
    total += entry.size();
    return true;
  }));
  return total;
}

void add_disk(Json& json, const DiskReport& report) {
  json.begin().field_number("store_bytes", report.usage.store_bytes());
  json.field_number("table_bytes", report.usage.table_bytes);
  json.field_number("log_bytes", report.usage.log_bytes);
  json.field_number("keys_bytes", report.keys_bytes);
  json.field_number("reserve_bytes", report.usage.reserve_bytes).key("entry_bytes");
  if (report.entry_bytes) {
    json.number(*report.entry_bytes);
  } else {
    json.null();
  }
  json.end();
}

std::string disk_line(const DiskReport& report) {
  return bytes_text(report.usage.store_bytes()) + ": " + bytes_text(report.usage.table_bytes) +
         " tables, " + bytes_text(report.usage.log_bytes) + " logs";
}

std::string entries_line(const DiskReport& report) {
  if (!report.entry_bytes || report.usage.store_bytes() == 0) return "";
  return bytes_text(*report.entry_bytes) + " in entries, " +
         tenths(*report.entry_bytes, report.usage.store_bytes()) + " times what is on disk";
}

}  // namespace phantom
