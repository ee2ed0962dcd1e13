#pragma once
// Which secrets a session has, and what each is for.

#include "proxy/base_urls.h"
#include "proxy/proxy.h"
#include "vault/vault.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

class SecretScanner;

// Names are full ones, but for those of the variables.
struct SecretChoice {
  std::vector<std::string> routed;                // of the environment, with a route to go
  std::vector<std::string> others;                // all else in the vault
  std::vector<EnvironmentVariable> placeholders;  // of the environment, for the child
};

// Pure. `routes` are those of the environment (routes_in).
SecretChoice choose_session_secrets(const std::vector<SecretInfo>& secrets,
                                    const std::vector<Route>& routes, std::string_view environment);

// The routes with the full names of their secrets in that environment. A configuration says NAME;
// which NAME is meant is up to the session. Pure.
std::vector<Route> routes_in(std::string_view environment, std::vector<Route> routes);

struct SessionSecrets {
  std::map<std::string, ProxySecret> routed;  // the proxy may use these
  std::vector<OpenedSecret> others;           // opened only to keep them from the child
  std::vector<EnvironmentVariable> placeholders;
  std::shared_ptr<const SecretScanner> scanner;

  std::vector<std::string> routed_names() const;
  std::vector<std::string_view> values() const;
};

// kNotFound: nothing to use in that environment. kDenied: the time of a routed secret is over.
Result<SessionSecrets> open_session_secrets(Vault& vault, const std::vector<Route>& routes,
                                            const std::string& environment);

// The command line as it is recorded: an argument that carries a secret is left out.
std::vector<std::string> recorded_argv(const std::vector<std::string>& argv,
                                       const SecretScanner& scanner);

}  // namespace phantom
