#pragma once
// The environment a command gets under phantom: the inherited one without anything that could hold
// a secret, with what leads it through the proxy. Pure.

#include "proxy/base_urls.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct EnvironmentChange {
  // Variables whose value is or contains one of these are dropped. Values under 4 bytes are
  // compared whole, since they would be found in anything.
  std::vector<std::string_view> secrets;
  // Not passed on whatever their value is.
  std::vector<std::string_view> unset = {};
  // Set in this order; later ones win.
  std::vector<EnvironmentVariable> set;
};

struct ChildEnvironment {
  std::vector<std::string> variables;  // NAME=value
  std::vector<std::string> dropped;    // names of variables that held a secret
};

// `inherited` as in environ. Also keeps loopback out of any proxy the environment names.
ChildEnvironment make_child_environment(const std::vector<std::string>& inherited,
                                        const EnvironmentChange& change);

}  // namespace phantom
