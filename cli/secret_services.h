#pragma once
// Which services of a project a secret goes to. Pure.

#include "proxy/services.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// Routes whose secret has that name, in whatever environment.
std::vector<const Route*> routes_of_secret(const std::vector<Route>& routes, std::string_view name);

// "openai", "api, billing", or empty.
std::string service_names(const std::vector<const Route*>& routes);

}  // namespace phantom
