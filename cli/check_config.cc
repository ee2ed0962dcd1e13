#include "cli/check_config.h"

#include "cli/git_process.h"
#include "events/encoding.h"
#include "proxy/route_diff.h"
#include "proxy/route_risk.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kListBytesMax = std::size_t{512} << 20;
constexpr std::size_t kTextBytesMax = 1'048'576;

std::vector<std::string> config_paths(std::string_view list) {
  std::vector<std::string> paths;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find('\0'), list.size());
    const std::string_view path = list.substr(0, end);
    const std::size_t slash = path.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (name == kConfigFile) paths.emplace_back(path);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return paths;
}

// "... line 12: ..." of a parse error.
std::uint64_t line_in(std::string_view message) {
  constexpr std::string_view kMark = " line ";
  const std::size_t at = message.find(kMark);
  if (at == std::string_view::npos) return 1;
  const std::string_view rest = message.substr(at + kMark.size());
  return parse_decimal(rest.substr(0, rest.find(':'))).value_or(1);
}

struct ReadRoutes {
  ProjectConfig config;
  std::vector<Route> routes;
};

Result<ReadRoutes> read_routes(std::string_view text) {
  ReadRoutes read;
  PH_ASSIGN(read.config, parse_config(text));
  PH_ASSIGN(read.routes, resolve_routes(read.config));
  return read;
}

std::vector<AcceptedRoute> own_routes(const std::optional<std::string>& text) {
  if (!text) return {};
  const auto read = read_routes(*text);
  if (!read.ok()) return {};
  return accepted_routes_of(routes_needing_acceptance(read->routes));
}

}  // namespace

std::vector<ConfigProblem> config_problems(const std::string& path, std::string_view text,
                                           const std::optional<std::string>& before) {
  const auto now = read_routes(text);
  if (!now.ok()) {
    return {{path, line_in(now.error().message), "config-not-read", "refuse", now.error().message}};
  }
  const auto line_of = [&](const std::string& service) -> std::uint64_t {
    for (const ServiceConfig& each : now->config.services) {
      if (each.name == service) return each.line;
    }
    return 1;
  };
  std::vector<ConfigProblem> problems;
  if (before) {
    const auto old = parse_config(*before);
    if (old.ok() && old->project_id != now->config.project_id) {
      problems.push_back({path, 1, "config-project-changed", "warn",
                          "project_id names another project than before, which no machine lets in "
                          "unasked"});
    }
  }
  const auto moves = compare_routes(own_routes(before),
                                    accepted_routes_of(routes_needing_acceptance(now->routes)));
  for (const RouteMove& move : moves) {
    problems.push_back({path, line_of(move.route().service),
                        std::string("config-route-") + route_change_name(move.change), "warn",
                        describe_move(move)});
  }
  for (const RouteRisk& risk : route_risks(now->routes)) {
    problems.push_back({path, line_of(risk.service), "config-" + std::string(risk.rule),
                        risk_level_name(risk.level), risk.service + ": " + risk.sentence});
  }
  return problems;
}

Result<std::vector<ConfigProblem>> staged_config_problems(const std::filesystem::path& directory) {
  // A rename of a file with another name is a new configuration, so renames are not looked for.
  PH_ASSIGN(
      const std::string list,
      run_git(directory,
              {"diff", "--cached", "--name-only", "-z", "--no-ext-diff", "--no-textconv",
               "--no-relative", "--no-renames", "--diff-filter=ACMT", "--ignore-submodules=all"},
              kListBytesMax));
  std::vector<ConfigProblem> problems;
  for (const std::string& path : config_paths(list)) {
    PH_ASSIGN(const std::string text,
              run_git(directory, {"cat-file", "blob", ":0:" + path}, kTextBytesMax));
    // There may be no HEAD, or it may not have the file; then everything is new.
    const auto head = run_git(directory, {"cat-file", "blob", "HEAD:" + path}, kTextBytesMax);
    const auto before = head.ok() ? std::optional<std::string>(*head) : std::nullopt;
    for (ConfigProblem& each : config_problems(path, text, before)) {
      problems.push_back(std::move(each));
    }
  }
  return problems;
}

bool stops_commit(const std::vector<ConfigProblem>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const ConfigProblem& each) { return each.level == "refuse"; });
}

}  // namespace phantom
