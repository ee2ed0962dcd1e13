#include "proxy/route_diff.h"

#include <algorithm>
#include <array>
#include <map>

namespace phantom {
namespace {

constexpr std::string_view kOwnForm = "(own form)";

struct Origin {
  std::string_view scheme;
  std::string_view host;
  std::string_view port;
};

Origin split_origin(std::string_view origin) {
  Origin parts;
  const std::size_t mark = origin.find("://");
  if (mark == std::string_view::npos) return {"", origin, ""};
  parts.scheme = origin.substr(0, mark);
  std::string_view rest = origin.substr(mark + 3);
  const std::size_t colon = rest.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos;
  parts.host = rest.substr(0, has_port ? colon : rest.size());
  parts.port = has_port ? rest.substr(colon + 1) : (parts.scheme == "https" ? "443" : "80");
  return parts;
}

// A record of an older version has the header's name only.
bool same_placement(const std::string& before, const std::string& now) {
  if (before == now) return true;
  return before.find(':') == std::string::npos && now.starts_with(before + ":");
}

std::vector<std::string> differences(const AcceptedRoute& before, const AcceptedRoute& now) {
  const Origin was = split_origin(before.origin);
  const Origin is = split_origin(now.origin);
  std::vector<std::string> what;
  if (before.secret_name != now.secret_name) what.emplace_back("secret");
  if (was.host != is.host) what.emplace_back("host");
  if (was.port != is.port) what.emplace_back("port");
  if (was.scheme != is.scheme) what.emplace_back("type");
  if (!same_placement(before.placement, now.placement)) what.emplace_back("header");
  return what;
}

std::map<std::string, AcceptedRoute> by_service(const std::vector<AcceptedRoute>& routes) {
  std::map<std::string, AcceptedRoute> map;
  for (const AcceptedRoute& route : routes) map.emplace(route.service, route);
  return map;
}

std::string place(const AcceptedRoute& route) {
  return route.origin + " in the header " + route.placement;
}

}  // namespace

std::string placement_of(const Route& route) {
  constexpr std::array<std::string_view, 5> kUsual = {
      "{secret}", "Bearer {secret}", "Token {secret}", "Basic {secret}", "token {secret}"};
  const bool usual = std::find(kUsual.begin(), kUsual.end(), route.header_format) != kUsual.end();
  std::string text = route.header + ": " + (usual ? route.header_format : std::string(kOwnForm));
  if (!route.ca_file.empty()) text += ", own certificates";
  return text;
}

AcceptedRoute accepted_route(const Route& route) {
  return {route.service, route.origin(), route.secret_name, placement_of(route)};
}

std::vector<AcceptedRoute> accepted_routes_of(const std::vector<Route>& routes) {
  std::vector<AcceptedRoute> all;
  for (const Route& route : routes) all.push_back(accepted_route(route));
  return all;
}

const char* route_change_name(RouteChange change) {
  switch (change) {
    case RouteChange::kNew:
      return "new";
    case RouteChange::kMoved:
      return "moved";
    case RouteChange::kGone:
      return "gone";
  }
  return "new";
}

std::vector<RouteMove> compare_routes(const std::vector<AcceptedRoute>& before,
                                      const std::vector<AcceptedRoute>& now) {
  const auto old = by_service(before);
  const auto current = by_service(now);
  std::vector<RouteMove> moves;
  for (const auto& [service, route] : current) {
    const auto was = old.find(service);
    if (was == old.end()) {
      moves.push_back({RouteChange::kNew, std::nullopt, route, {}});
      continue;
    }
    std::vector<std::string> what = differences(was->second, route);
    if (!what.empty()) {
      moves.push_back({RouteChange::kMoved, was->second, route, std::move(what)});
    }
  }
  for (const auto& [service, route] : old) {
    if (!current.contains(service)) {
      moves.push_back({RouteChange::kGone, route, std::nullopt, {}});
    }
  }
  std::sort(moves.begin(), moves.end(), [](const RouteMove& a, const RouteMove& b) {
    return a.route().service < b.route().service;
  });
  return moves;
}

std::vector<std::string> unclear_forms(const std::vector<AcceptedRoute>& before,
                                       const std::vector<AcceptedRoute>& now) {
  const auto old = by_service(before);
  std::vector<std::string> services;
  for (const auto& [service, route] : by_service(now)) {
    const auto was = old.find(service);
    if (was == old.end()) continue;
    const bool bare = was->second.placement.find(':') == std::string::npos;
    const bool own = was->second.placement.find(kOwnForm) != std::string::npos &&
                     route.placement.find(kOwnForm) != std::string::npos;
    if (bare || own) services.push_back(service);
  }
  return services;
}

std::string describe_move(const RouteMove& move) {
  const AcceptedRoute& route = move.route();
  if (move.change == RouteChange::kGone) {
    return route.service + ": " + route.secret_name + " goes no more to " + place(route);
  }
  std::string text = route.service + ": " + route.secret_name + " goes to " + place(route);
  if (!move.before) return text;
  text += "; accepted was ";
  if (move.before->secret_name != route.secret_name) text += move.before->secret_name + " to ";
  return text + place(*move.before);
}

}  // namespace phantom
