#include "cli/init_all.h"

#include "cli/dotenv_names.h"
#include "cli/shared_passphrase.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::array kNotLookedInto = {"node_modules", "target", "dist", "build", "vendor"};

bool is_real_directory(const fs::directory_entry& entry) {
  std::error_code code;
  return fs::is_directory(entry.symlink_status(code));
}

bool is_skipped(const std::string& name) {
  return name.starts_with('.') ||
         std::find(kNotLookedInto.begin(), kNotLookedInto.end(), name) != kNotLookedInto.end();
}

bool has_dotenv(const fs::path& directory, std::string_view environment) {
  const std::vector<std::string> names = dotenv_names(environment);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    std::error_code code;
    return fs::is_regular_file(fs::symlink_status(directory / name, code));
  });
}

Status walk(const fs::path& directory, int depth, std::string_view environment,
            std::vector<fs::path>& found, std::size_t& unreadable) {
  std::error_code code;
  const bool is_repository = fs::exists(fs::symlink_status(directory / ".git", code));
  if (is_repository && has_dotenv(directory, environment)) found.push_back(directory);
  if (found.size() > kRepositoriesMax) {
    return Error{Code::kLimit,
                 "there are more than " + std::to_string(kRepositoriesMax) + " repositories",
                 "name a directory further down"};
  }
  if (depth == kRepositoryDepthMax) return {};
  fs::directory_iterator each(directory, code);
  for (; !code && each != fs::directory_iterator(); each.increment(code)) {
    if (!is_real_directory(*each) || is_skipped(each->path().filename().string())) continue;
    PH_TRY(walk(each->path(), depth + 1, environment, found, unreadable));
  }
  if (code) ++unreadable;
  return {};
}

}  // namespace

Result<std::vector<fs::path>> find_repositories(const fs::path& top, std::string_view environment,
                                                std::size_t& unreadable) {
  std::error_code code;
  const fs::path start = fs::canonical(top, code);
  if (code || !fs::is_directory(start, code)) {
    return Error{Code::kNotFound, top.string() + " is not a directory"};
  }
  std::vector<fs::path> found;
  unreadable = 0;
  PH_TRY(walk(start, 0, environment, found, unreadable));
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<InitAllResult> run_init_all(Environment& environment, const InitRequest& request,
                                        const std::vector<fs::path>& directories,
                                        const std::function<void(std::size_t)>& seen) {
  SharedPassphrase passphrase(Remember::kTyped);
  std::vector<InitAllResult> results;
  for (const fs::path& directory : directories) {
    InitRequest one = request;
    one.directory = directory;
    one.own = true;
    environment.out().note(directory.string());
    results.push_back({directory, run_init(environment, one, passphrase)});
    if (!results.back().outcome.ok()) environment.out().error(results.back().outcome.error());
    seen(results.size());
  }
  return results;
}

}  // namespace phantom
