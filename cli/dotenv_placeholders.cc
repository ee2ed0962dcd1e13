#include "cli/dotenv_placeholders.h"

#include "ledger/home.h"

#include <algorithm>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr int kDepthMax = 6;
constexpr std::string_view kForeign[] = {"node_modules", "target", "dist",
                                         "build",        "vendor", "venv"};

bool is_dotenv_name(const std::string& name) {
  return name == ".env" || name.starts_with(".env.") || name.ends_with(".env");
}

bool is_left_out(const std::string& directory) {
  return directory.starts_with('.') ||
         std::find(std::begin(kForeign), std::end(kForeign), directory) != std::end(kForeign);
}

bool has_any(std::string_view text, const std::vector<PlaceholderSwap>& swaps) {
  return std::any_of(swaps.begin(), swaps.end(), [&](const PlaceholderSwap& swap) {
    return text.find(swap.from) != std::string_view::npos;
  });
}

// kNotFound counts as no.
Result<bool> file_has_any(const fs::path& path, const std::vector<PlaceholderSwap>& swaps) {
  Result<Bytes> bytes = read_file(path, kDotenvBytesMax);
  if (!bytes.ok())
    return bytes.error().code == Code::kNotFound ? Result<bool>(false)
                                                 : Result<bool>(bytes.error());
  const bool found = has_any(as_text(*bytes), swaps);
  wipe(*bytes);
  return found;
}

}  // namespace

std::vector<fs::path> find_dotenv_files(const fs::path& root) {
  std::vector<fs::path> found;
  std::error_code code;
  fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, code);
  for (const fs::recursive_directory_iterator end; !code && it != end; it.increment(code)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    const fs::file_status status = it->symlink_status(ignored);
    if (fs::is_directory(status)) {
      if (is_left_out(name) || it.depth() >= kDepthMax) it.disable_recursion_pending();
    } else if (fs::is_regular_file(status) && is_dotenv_name(name)) {
      found.push_back(it->path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::string> swap_placeholders(std::string_view text, const DotenvFile& parsed,
                                      const std::vector<PlaceholderSwap>& swaps,
                                      std::vector<std::string>& names) {
  std::vector<DotenvReplacement> replacements;
  for (std::size_t i = 0; i < parsed.entries.size(); ++i) {
    const SecretBytes value = dotenv_value(text, parsed.entries[i]);
    for (const PlaceholderSwap& swap : swaps) {
      if (value.text() != swap.from) continue;
      replacements.push_back({i, swap.to});
      if (std::find(names.begin(), names.end(), swap.name) == names.end()) {
        names.push_back(swap.name);
      }
    }
  }
  return rewrite_dotenv(text, parsed, replacements);
}

Result<std::vector<SwapPlan>> plan_swaps(const std::vector<fs::path>& files,
                                         const std::vector<PlaceholderSwap>& swaps) {
  std::vector<SwapPlan> plans;
  for (const fs::path& path : files) {
    PH_ASSIGN(const bool concerned, file_has_any(path, swaps));
    if (!concerned) continue;
    SwapPlan plan;
    PH_ASSIGN(plan.file, read_dotenv(path));
    PH_TRY(check_can_replace(path));
    PH_ASSIGN(plan.text, swap_placeholders(plan.file.text, plan.file.parsed, swaps, plan.names));
    if (!plan.names.empty()) plans.push_back(std::move(plan));
  }
  return plans;
}

}  // namespace phantom
