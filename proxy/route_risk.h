#pragma once
// What may be wrong with where a configuration sends secrets, as rules, one line each. Pure:
// resolves no name and connects to nothing. What cannot be read at all (a wildcard, a host in
// decimal, a header_format without {secret}) is no route; parse_config refuses it with its line.

#include "proxy/services.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

enum class RiskLevel {
  kRefuse,  // never right: no secret goes there, whoever accepts it
  kAccept,  // a reason for the person who is asked to accept the route to look twice
  kWarn,    // worth knowing
};
const char* risk_level_name(RiskLevel level);  // refuse, accept, warn

struct RouteRisk {
  std::string_view rule;
  RiskLevel level = RiskLevel::kWarn;
  std::string service;
  std::string secret_name;
  std::string sentence;  // has text of the file in it: escape it for a terminal
};

struct RiskRule {
  std::string_view id;  // kebab-case, in events and reports
  RiskLevel level;
  std::string_view about;
  // The sentence, or nothing when the rule does not apply. `all` are the routes of the project.
  std::string (*check)(const Route& route, const std::vector<Route>& all);
};
std::span<const RiskRule> risk_rules();

// Of every route that is not one phantom ships with, in order of service and rule.
std::vector<RouteRisk> route_risks(const std::vector<Route>& routes);

// Those that are never right.
std::vector<RouteRisk> refusals_among(const std::vector<RouteRisk>& risks);

}  // namespace phantom
