#pragma once
// `audit export --format phx`: evidence for a query, in a file that can be checked alone.

#include "cli/environment.h"
#include "events/entry_filter.h"

#include <optional>
#include <string>

namespace phantom {

inline constexpr std::string_view kBundleFormat = "phx";

struct BundleExport {
  EntryFilter filter;
  std::optional<std::string> file;
  std::optional<std::string> ledger;  // refused: the log key is with one's own
  bool matching_only = false;
  std::optional<std::string> recipient;  // sealed in the event that says so
  bool json = false;
};

// A bundle when the format says so or, without a format, when the file is called so.
bool wants_bundle(const std::string& format, const std::optional<std::string>& file);

Result<int> export_bundle(Environment& environment, BundleExport wanted);

}  // namespace phantom
