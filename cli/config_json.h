#pragma once
// Routes, their changes and their risks as JSON. Pure.

#include "cli/config_standing.h"
#include "cli/json.h"

namespace phantom {

// Arrays, as the value of a key that was just written.
void add_routes(Json& json, const std::vector<Route>& routes);
void add_moves(Json& json, const std::vector<RouteMove>& moves);
void add_risks(Json& json, const std::vector<RouteRisk>& risks);
void add_texts(Json& json, const std::vector<std::string>& texts);
// An object, or null when nothing was ever accepted.
void add_accepted(Json& json, const std::optional<AcceptedConfig>& accepted);

}  // namespace phantom
