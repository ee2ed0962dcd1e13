#pragma once
// The services phantom can reach and the one place each secret may go. Pure.

#include "proxy/config.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// Whether a person has to have agreed before a secret takes this route.
enum class Consent {
  kBuiltIn,   // ships with phantom; nobody needs to be asked
  kNeeded,    // the project's file asks for it; nothing is sent before it is accepted
  kAccepted,  // a person accepted it on a terminal
};

struct Route {
  std::string service;
  Scheme scheme = Scheme::kHttps;
  std::string host;
  std::uint16_t port = 443;
  std::string secret_name;
  std::string header;         // the slot the secret goes into
  std::string header_format;  // "{secret}" stands for it, once
  std::vector<std::string> base_url_envs;
  std::string base_path;  // part of the base URL an SDK is given; empty or "/..." without end slash
  std::string ca_file;    // instead of the system's roots; absolute or relative to the project
  Consent consent = Consent::kBuiltIn;

  std::string origin() const;     // https://api.example.com, with the port when it is not usual
  std::string authority() const;  // the Host header of a request on this route
};

const std::vector<Route>& builtin_routes();

// Built-in services with the project's own laid over them, in order of name. A project's route
// stays kBuiltIn only when it sends a secret exactly where the built-in service of that secret
// does. kInvalid: a service that is incomplete, or two that claim one variable.
Result<std::vector<Route>> resolve_routes(const ProjectConfig& config);

// Those of `routes` a person has to accept.
std::vector<Route> routes_needing_acceptance(const std::vector<Route>& routes);

// kNeeded becomes kAccepted. Call only when config.accepted is on record for the file's digest.
void mark_accepted(std::vector<Route>& routes);

}  // namespace phantom
