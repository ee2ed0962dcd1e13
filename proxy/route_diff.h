#pragma once
// What a configuration asks for now beside what a person accepted before. Pure.

#include "proxy/services.h"

#include <optional>
#include <string>
#include <vector>

namespace phantom {

// A route as it is on record in config.accepted: no more of the file's text than names, the place
// and the slot.
struct AcceptedRoute {
  std::string service;
  std::string origin;  // as Route::origin()
  std::string secret_name;
  std::string placement;  // as placement_of()

  bool operator==(const AcceptedRoute&) const = default;
};

// "Authorization: Bearer {secret}". A form that is not one of the usual ones is text of the file
// and stays out of the record: it reads "(own form)".
std::string placement_of(const Route& route);
AcceptedRoute accepted_route(const Route& route);
std::vector<AcceptedRoute> accepted_routes_of(const std::vector<Route>& routes);

enum class RouteChange { kNew, kMoved, kGone };
const char* route_change_name(RouteChange change);  // new, moved, gone

struct RouteMove {
  RouteChange change = RouteChange::kNew;
  std::optional<AcceptedRoute> before;
  std::optional<AcceptedRoute> after;
  // Of secret, host, port, type, header: what differs. Empty unless moved.
  std::vector<std::string> what;

  const AcceptedRoute& route() const { return after ? *after : *before; }
};

// In order of service. Empty when every secret goes where it went.
std::vector<RouteMove> compare_routes(const std::vector<AcceptedRoute>& before,
                                      const std::vector<AcceptedRoute>& now);

// Services whose form is "(own form)" on both sides: whether it changed cannot be told.
std::vector<std::string> unclear_forms(const std::vector<AcceptedRoute>& before,
                                       const std::vector<AcceptedRoute>& now);

// One line: "openai: OPENAI_API_KEY goes to https://a.example in Authorization: ..., before to
// ...". Has text of the file in it: escape it for a terminal.
std::string describe_move(const RouteMove& move);

}  // namespace phantom
