#pragma once
// What a child process has to know to reach its services through the proxy. Pure.

#include "proxy/request_policy.h"
#include "proxy/services.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace phantom {

struct EnvironmentVariable {
  std::string name;
  std::string value;
};

// Base URLs of every route whose secret is in `secret_names` and that may be used, then
// PHANTOM_PROXY_PORT and PHANTOM_PROXY_TOKEN. The token is in the values: never print them.
std::vector<EnvironmentVariable> child_environment(const std::vector<Route>& routes,
                                                   const std::set<std::string>& secret_names,
                                                   std::uint16_t port, const std::string& token,
                                                   const TokenChannels& channels);

}  // namespace phantom
