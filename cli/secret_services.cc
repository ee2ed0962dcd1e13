#include "cli/secret_services.h"

namespace phantom {

std::vector<const Route*> routes_of_secret(const std::vector<Route>& routes,
                                           std::string_view name) {
  std::vector<const Route*> found;
  for (const Route& route : routes) {
    if (route.secret_name == name) found.push_back(&route);
  }
  return found;
}

std::string service_names(const std::vector<const Route*>& routes) {
  std::string text;
  for (const Route* route : routes) text += (text.empty() ? "" : ", ") + route->service;
  return text;
}

}  // namespace phantom
