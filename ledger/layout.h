#pragma once
// File names inside a ledger directory and the key directory. docs/FORMAT.md sections 1 and 5.

#include <filesystem>
#include <string>

namespace phantom {

struct LedgerFiles {
  std::filesystem::path directory;
  std::filesystem::path db() const { return directory / "db"; }
  std::filesystem::path lock() const { return directory / "LOCK"; }
  std::filesystem::path head() const { return directory / "head"; }
  std::filesystem::path socket() const { return directory / "sock"; }
  std::filesystem::path reserve() const { return directory / "reserve"; }
  // While an upgrade is under way: the store as it was, and where the new one is made.
  std::filesystem::path db_before_upgrade() const { return directory / "db.old"; }
  std::filesystem::path upgrade() const { return directory / "upgrade.new"; }
};

inline constexpr std::string_view kOriginPrefix = "phantom.local/";

inline std::string epoch_name(std::string_view origin, std::uint64_t epoch) {
  return std::string(origin) + "/epoch/" + std::to_string(epoch);
}
inline std::filesystem::path log_key_file(const std::filesystem::path& keys) {
  return keys / "log.key";
}
inline std::filesystem::path epoch_key_file(const std::filesystem::path& keys,
                                            std::uint64_t epoch) {
  return keys / ("epoch-" + std::to_string(epoch) + ".key");
}
// There while every key file has a new one beside it that is to take its place.
inline std::filesystem::path key_replacing_file(const std::filesystem::path& keys) {
  return keys / "replacing";
}

}  // namespace phantom
