#pragma once
// What is about to be committed of `.phantom.toml` files, held against what HEAD has: which secret
// moves where, what is odd about it, what no machine could read. Needs no home and no ledger.

#include "cli/check_item.h"

#include <filesystem>
#include <optional>
#include <string_view>

namespace phantom {

// Every configuration file of the index that differs from HEAD, renamed ones too.
Result<std::vector<ConfigProblem>> staged_config_problems(const std::filesystem::path& directory);

// Of one text; `before` is what HEAD has, if it has it. Rules: config-not-read,
// config-project-changed, config-route-new, -moved and -gone, and config- with each of
// route_risk.h. Pure.
std::vector<ConfigProblem> config_problems(const std::string& path, std::string_view text,
                                           const std::optional<std::string>& before);

// Whether one of them is never right: the rest is for people to read.
bool stops_commit(const std::vector<ConfigProblem>& problems);

}  // namespace phantom
