#pragma once
// The [[sync]] tables of a project's configuration: which environment of the vault goes to which
// place on a platform. Pure.

#include "events/result.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct Route;

// One [[sync]] table as it is written.
struct SyncConfig {
  std::string platform;  // a name of proxy/platform.h
  // The platform's own ids of what is written to; which are needed is up to the platform.
  std::string project;
  std::string account;
  std::string service;
  std::string kind;
  std::string api;  // base address in place of the platform's: loopback only; empty when not given
  // Exactly one: a secret of the vault by its full name, or a variable of the environment.
  std::optional<std::string> token;
  std::optional<std::string> token_env;
  // Environment of the vault -> environments there, in the platform's words.
  std::map<std::string, std::vector<std::string>> environments;
  std::vector<std::string> only;  // patterns (proxy/name_pattern.h) over NAME, without environment
  std::vector<std::string> except;
  std::string prefix;  // put before NAME there
};

// A place secrets of one environment go to.
struct SyncTarget {
  SyncConfig config;
  std::string environment;          // of the vault
  std::vector<std::string> places;  // environments there; never empty

  std::string places_text() const;  // "preview, development"
  std::string describe() const;     // "vercel prj_1 (production)"
};

// In the order of the file. A platform that takes one environment at a time has a target for each.
std::vector<SyncTarget> sync_targets(const std::vector<SyncConfig>& tables,
                                     std::string_view environment);

// Two environments of the vault that would write over each other, or a table that its platform
// cannot use: kInvalid. No position; the reader of the file adds it.
Status check_sync_tables(const std::vector<SyncConfig>& tables);

// NAME of a platform's token in any environment: it never goes to a platform, nor comes from one.
bool is_platform_token(const std::vector<SyncConfig>& tables, std::string_view name);

// What a person has to accept: for every place, that the secrets go there and the token with them.
// They are no routes of the proxy.
std::vector<Route> sync_routes(const std::vector<SyncConfig>& tables);

}  // namespace phantom
