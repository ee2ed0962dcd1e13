#include "cli/config_standing.h"

#include "events/encoding.h"
#include "proxy/sync_config.h"

#include <algorithm>

namespace phantom {
namespace {

void add_once(std::vector<std::string>& names, std::string_view name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
}

ConfigVerdict verdict_of(const ConfigStanding& standing, const ProjectConfig& config) {
  if (!refusals_among(standing.risks).empty()) return ConfigVerdict::kRefused;
  if (standing.asked.empty()) return ConfigVerdict::kNothingToAccept;
  if (!standing.accepted) return ConfigVerdict::kNeverAccepted;
  if (standing.accepted->digest == config.digest) return ConfigVerdict::kAccepted;
  return standing.moves.empty() ? ConfigVerdict::kTextOnly : ConfigVerdict::kMoved;
}

Status record_refusal(Environment& environment, const Project& project,
                      const ConfigStanding& standing) {
  PH_ASSIGN(Appender * appender, environment.appender());
  Context context = environment.context();
  context.project = project.config.project_id;
  ConfigRefusal refusal;
  refusal.config_digest = project.config.digest;
  refusal.risks = standing.risk_names();
  refusal.secret_names = standing.secret_names();
  refusal.reason =
      standing.verdict == ConfigVerdict::kRefused ? Reason::ConfigRisk : Reason::RouteNotAccepted;
  PH_TRY(appender->append(config_refused(context, refusal)));
  return {};
}

}  // namespace

const char* config_verdict_name(ConfigVerdict verdict) {
  switch (verdict) {
    case ConfigVerdict::kNothingToAccept:
      return "nothing-to-accept";
    case ConfigVerdict::kAccepted:
      return "accepted";
    case ConfigVerdict::kTextOnly:
      return "text-changed";
    case ConfigVerdict::kMoved:
      return "routes-changed";
    case ConfigVerdict::kNeverAccepted:
      return "never-accepted";
    case ConfigVerdict::kRefused:
      return "refused";
  }
  return "refused";
}

std::vector<std::string> ConfigStanding::risk_names() const {
  std::vector<std::string> names;
  for (const RouteRisk& risk : risks) add_once(names, risk.rule);
  return names;
}

std::vector<std::string> ConfigStanding::secret_names() const {
  std::vector<std::string> names;
  for (const RouteRisk& risk : refusals_among(risks)) add_once(names, risk.secret_name);
  for (const RouteMove& move : moves) {
    if (move.after) add_once(names, move.after->secret_name);
  }
  return names;
}

Result<ConfigStanding> judge_config(const ProjectConfig& config,
                                    std::optional<AcceptedConfig> accepted) {
  ConfigStanding standing;
  PH_ASSIGN(standing.routes, resolve_routes(config));
  standing.asked = routes_needing_acceptance(standing.routes);
  for (Route& route : sync_routes(config.sync)) standing.asked.push_back(std::move(route));
  standing.risks = route_risks(standing.routes);
  standing.accepted = std::move(accepted);
  const std::vector<AcceptedRoute> now = accepted_routes_of(standing.asked);
  const std::vector<AcceptedRoute> before =
      standing.accepted ? standing.accepted->routes : std::vector<AcceptedRoute>{};
  standing.moves = compare_routes(before, now);
  standing.verdict = verdict_of(standing, config);
  if (standing.verdict == ConfigVerdict::kAccepted) {
    mark_accepted(standing.routes);
  } else {
    standing.unclear = unclear_forms(before, now);
  }
  return standing;
}

Result<ConfigStanding> config_standing(Environment& environment, const Project& project) {
  std::optional<AcceptedConfig> accepted;
  const auto reader = environment.reader();
  if (reader.ok()) {
    PH_ASSIGN(accepted, last_accepted_config(**reader, project.config.project_id));
  } else if (reader.error().code != Code::kNotFound) {
    return reader.error();
  }
  return judge_config(project.config, std::move(accepted));
}

std::vector<std::string> config_lines(const ConfigStanding& standing) {
  std::vector<std::string> lines;
  for (const RouteMove& move : standing.moves) {
    std::string line = std::string(route_change_name(move.change)) + " ";
    std::string what;
    for (const std::string& each : move.what) what += (what.empty() ? "(" : ", ") + each;
    if (!what.empty()) line += what + ") ";
    lines.push_back(escape_terminal(line + describe_move(move)));
  }
  for (const std::string& service : standing.unclear) {
    lines.push_back(escape_terminal(
        service + ": look at its header_format, the record does not have the accepted one"));
  }
  for (const RouteRisk& risk : standing.risks) {
    lines.push_back(std::string(risk_level_name(risk.level)) + " " +
                    escape_terminal(risk.service + ": " + risk.sentence) + " [" +
                    std::string(risk.rule) + "]");
  }
  return lines;
}

Error config_refusal(const ConfigStanding& standing, const Project& project) {
  const std::string file = escape_terminal(project.config_file.string());
  const std::string look = "look at it and run 'phantom config accept' on a terminal";
  switch (standing.verdict) {
    case ConfigVerdict::kRefused: {
      const RouteRisk risk = refusals_among(standing.risks).front();
      return Error{Code::kDenied,
                   file + " sends " + escape_terminal(risk.secret_name) + " where no key belongs",
                   "take the service " + escape_terminal(risk.service) +
                       " out: phantom service remove " + escape_terminal(risk.service)};
    }
    case ConfigVerdict::kTextOnly:
      return Error{Code::kDenied,
                   file + " is not the text that was accepted, though only text changed and " +
                       "every secret goes where it went",
                   look};
    case ConfigVerdict::kMoved:
      return Error{Code::kDenied, file + " sends secrets where nobody accepted it", look};
    default:
      break;
  }
  const std::string secret =
      standing.asked.empty() ? "secrets" : escape_terminal(standing.asked[0].secret_name);
  const std::string origin =
      standing.asked.empty() ? "a new place" : escape_terminal(standing.asked[0].origin());
  return Error{
      Code::kDenied,
      file + " sends " + secret + " to " + origin + ", which nobody has accepted on this machine",
      look};
}

Result<std::vector<Route>> routes_for_session(Environment& environment, const Project& project,
                                              RouteNotices notices) {
  PH_ASSIGN(ConfigStanding standing, config_standing(environment, project));
  if (standing.may_be_used()) {
    for (const RouteRisk& risk : standing.risks) {
      if (notices == RouteNotices::kNone || risk.level != RiskLevel::kWarn) continue;
      environment.out().note("warning: " + escape_terminal(risk.service + ": " + risk.sentence));
    }
    return std::move(standing.routes);
  }
  for (const std::string& line : config_lines(standing)) environment.out().note(line);
  PH_TRY(record_refusal(environment, project, standing));
  return config_refusal(standing, project);
}

}  // namespace phantom
