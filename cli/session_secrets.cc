#include "cli/session_secrets.h"

#include "vault/scanner.h"
#include "vault/secret_name.h"

#include <set>
#include <utility>

namespace phantom {
namespace {

Error nothing_to_use(const SecretChoice& choice, const std::string& environment) {
  if (choice.placeholders.empty()) {
    if (choice.others.empty()) {
      return {Code::kNotFound, "the vault of this project holds no secret",
              "run 'phantom add NAME', or 'phantom init' to take them from .env"};
    }
    return {Code::kNotFound,
            "this project has no secret in the environment " + environment +
                ", and none is taken from another one",
            "run 'phantom add NAME --env " + environment + "', or choose another environment"};
  }
  return {Code::kNotFound, "no secret of this project has a service to go to",
          "add a [services.NAME] table to .phantom.toml that says where it belongs"};
}

}  // namespace

SecretChoice choose_session_secrets(const std::vector<SecretInfo>& secrets,
                                    const std::vector<Route>& routes,
                                    std::string_view environment) {
  std::set<std::string_view> wanted;
  for (const Route& route : routes) wanted.insert(route.secret_name);
  SecretChoice choice;
  for (const SecretInfo& info : secrets) {
    const SecretNameParts parts = split_secret_name(info.name);
    const bool here = parts.environment == environment;
    (here && wanted.contains(info.name) ? choice.routed : choice.others).push_back(info.name);
    if (here) choice.placeholders.push_back({std::string(parts.name), info.placeholder});
  }
  return choice;
}

std::vector<Route> routes_in(std::string_view environment, std::vector<Route> routes) {
  for (Route& route : routes) route.secret_name = full_secret_name(environment, route.secret_name);
  return routes;
}

std::vector<std::string> SessionSecrets::routed_names() const {
  std::vector<std::string> names;
  for (const auto& [name, secret] : routed) names.push_back(name);
  return names;
}

std::vector<std::string_view> SessionSecrets::values() const {
  std::vector<std::string_view> all;
  for (const auto& [name, secret] : routed) all.push_back(secret.value.text());
  for (const OpenedSecret& secret : others) all.push_back(secret.value.text());
  return all;
}

Result<SessionSecrets> open_session_secrets(Vault& vault, const std::vector<Route>& routes,
                                            const std::string& environment) {
  SecretChoice choice = choose_session_secrets(vault.list(), routes, environment);
  if (choice.routed.empty()) return nothing_to_use(choice, environment);
  SessionSecrets secrets;
  PH_ASSIGN(std::vector<OpenedSecret> opened, vault.open_secrets(choice.routed, "exec"));
  for (OpenedSecret& each : opened) {
    secrets.routed[each.info.name] = {std::move(each.value), each.info.version,
                                      each.info.expires_ns};
  }
  // Also those of other environments, and those whose time is over: what must not be seen is looked
  // for.
  if (!choice.others.empty()) {
    PH_ASSIGN(secrets.others, vault.open_secrets(choice.others, "keep from child"));
  }
  secrets.placeholders = std::move(choice.placeholders);
  std::vector<LoadedSecret> named;
  for (const auto& [name, secret] : secrets.routed) named.push_back({name, &secret.value});
  for (const OpenedSecret& each : secrets.others) named.push_back({each.info.name, &each.value});
  secrets.scanner = std::make_shared<const SecretScanner>(named);
  return secrets;
}

std::vector<std::string> recorded_argv(const std::vector<std::string>& argv,
                                       const SecretScanner& scanner) {
  std::vector<std::string> recorded;
  for (const std::string& argument : argv) {
    const auto hit = scanner.find(as_bytes(argument));
    recorded.push_back(hit ? "[withheld: carries the value of " + std::string(hit->name) + "]"
                           : argument);
  }
  return recorded;
}

}  // namespace phantom
