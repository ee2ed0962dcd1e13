#include "proxy/base_urls.h"

namespace phantom {

std::vector<EnvironmentVariable> child_environment(const std::vector<Route>& routes,
                                                   const std::set<std::string>& secret_names,
                                                   std::uint16_t port, const std::string& token,
                                                   const TokenChannels& channels) {
  const std::string origin = "http://127.0.0.1:" + std::to_string(port);
  std::vector<EnvironmentVariable> variables;
  for (const Route& route : routes) {
    if (route.consent == Consent::kNeeded || !secret_names.contains(route.secret_name)) continue;
    std::string url = origin + "/" + route.service;
    if (channels.path) url += "/_phantom/" + token;
    url += route.base_path;
    for (const std::string& name : route.base_url_envs) variables.push_back({name, url});
  }
  variables.push_back({"PHANTOM_PROXY_PORT", std::to_string(port)});
  variables.push_back({"PHANTOM_PROXY_TOKEN", token});
  return variables;
}

}  // namespace phantom
