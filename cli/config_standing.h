#pragma once
// How a project's configuration stands: what it asks for, what a person accepted of it, what is
// wrong with it. The one place that decides whether a session may use its routes.

#include "cli/environment.h"
#include "cli/project.h"
#include "proxy/config_events.h"
#include "proxy/route_diff.h"
#include "proxy/route_risk.h"

namespace phantom {

enum class ConfigVerdict {
  kNothingToAccept,  // every route is one that ships with phantom
  kAccepted,         // this very content
  kTextOnly,         // other content, and as far as the record tells every route as accepted
  kMoved,            // routes differ from the accepted ones
  kNeverAccepted,
  kRefused,  // a route is never right, accepted or not
};
const char* config_verdict_name(ConfigVerdict verdict);  // kebab-case

struct ConfigStanding {
  ConfigVerdict verdict = ConfigVerdict::kNothingToAccept;
  std::vector<Route> routes;  // all; those a person accepted are marked so
  std::vector<Route> asked;   // those that need a person
  std::optional<AcceptedConfig> accepted;
  std::vector<RouteMove> moves;      // against what was accepted
  std::vector<std::string> unclear;  // services whose header's form cannot be compared
  std::vector<RouteRisk> risks;

  bool may_be_used() const {
    return verdict == ConfigVerdict::kNothingToAccept || verdict == ConfigVerdict::kAccepted;
  }
  std::vector<std::string> risk_names() const;    // each once
  std::vector<std::string> secret_names() const;  // of moved, new and refused routes, each once
};

// Pure. kInvalid: a service that is incomplete.
Result<ConfigStanding> judge_config(const ProjectConfig& config,
                                    std::optional<AcceptedConfig> accepted);

// The same with what the ledger says. A home without a ledger has accepted nothing.
Result<ConfigStanding> config_standing(Environment& environment, const Project& project);

// What a person should read, one line each, escaped: moves, unclear forms, risks.
std::vector<std::string> config_lines(const ConfigStanding& standing);

// Why a session may not use it, with what to do.
Error config_refusal(const ConfigStanding& standing, const Project& project);

// The routes of a session. What may not be used is told line by line on standard error, recorded
// as config.refused, and then kDenied.
enum class RouteNotices { kShown, kNone };
Result<std::vector<Route>> routes_for_session(Environment& environment, const Project& project,
                                              RouteNotices notices);

}  // namespace phantom
