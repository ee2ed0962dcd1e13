#pragma once
// `init --all`: every git repository below a directory that has dotenv files.

#include "cli/init_run.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace phantom {

inline constexpr int kRepositoryDepthMax = 5;
inline constexpr std::size_t kRepositoriesMax = 1'000;

// `top` itself and directories at most kRepositoryDepthMax below it, sorted. Links are not
// followed; hidden directories, node_modules, target, dist, build and vendor are not looked into. A
// directory that cannot be read is skipped and counted in `unreadable`. kLimit past
// kRepositoriesMax.
Result<std::vector<std::filesystem::path>> find_repositories(const std::filesystem::path& top,
                                                             std::string_view environment,
                                                             std::size_t& unreadable);

struct InitAllResult {
  std::filesystem::path directory;
  Result<InitOutcome> outcome;
};

// One after the other with one ledger and one passphrase; one that fails does not stop the rest.
// `seen` is called after each with how many are done.
std::vector<InitAllResult> run_init_all(Environment& environment, const InitRequest& request,
                                        const std::vector<std::filesystem::path>& directories,
                                        const std::function<void(std::size_t)>& seen);

}  // namespace phantom
