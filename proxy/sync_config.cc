#include "proxy/sync_config.h"

#include "events/encoding.h"
#include "proxy/config.h"
#include "proxy/http_client.h"
#include "proxy/name_pattern.h"
#include "proxy/platform.h"
#include "proxy/services.h"
#include "proxy/sync_tables.h"
#include "vault/dotenv.h"
#include "vault/secret_name.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kTablesMax = 50;
constexpr std::size_t kListMax = 100;

Error at_line(const toml::source_region& where, const std::string& what) {
  return Error{Code::kInvalid, std::string(kConfigFile) + " line " +
                                   std::to_string(where.begin.line) + ": " + what};
}

std::string in_quotes(std::string_view text) { return "\"" + escape_terminal(text) + "\""; }

Result<std::string> text_of(std::string_view key, const toml::node& node) {
  const auto* text = node.as_string();
  if (text == nullptr) return at_line(node.source(), in_quotes(key) + " must be a string");
  return text->get();
}

// One text or a list of them, each once.
Result<std::vector<std::string>> texts_of(std::string_view key, const toml::node& node) {
  std::vector<std::string> texts;
  if (const toml::array* list = node.as_array()) {
    if (list->empty() || list->size() > kListMax) {
      return at_line(node.source(), in_quotes(key) + " must have 1 to 100 items");
    }
    for (const toml::node& each : *list) {
      PH_ASSIGN(std::string text, text_of(key, each));
      texts.push_back(std::move(text));
    }
  } else {
    PH_ASSIGN(std::string text, text_of(key, node));
    texts.push_back(std::move(text));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (std::find(texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(i), texts[i]) !=
        texts.begin() + static_cast<std::ptrdiff_t>(i)) {
      return at_line(node.source(), in_quotes(key) + " has " + in_quotes(texts[i]) + " twice");
    }
  }
  return texts;
}

Result<std::vector<std::string>> patterns_of(std::string_view key, const toml::node& node) {
  PH_ASSIGN(std::vector<std::string> patterns, texts_of(key, node));
  for (const std::string& pattern : patterns) {
    if (Status good = check_name_pattern(pattern); !good.ok()) {
      return at_line(node.source(), in_quotes(key) + ": " + good.error().message)
          .with_hint(good.error().hint);
    }
  }
  return patterns;
}

Status read_environments(const toml::node& node, SyncConfig& config) {
  const toml::table* table = node.as_table();
  if (table == nullptr || table->empty()) {
    return at_line(node.source(),
                   "\"environments\" must say where each environment goes: { prod = "
                   "\"production\" }");
  }
  for (const auto& [key, value] : *table) {
    if (!is_valid_environment(key.str())) {
      return at_line(key.source(), in_quotes(key.str()) + " is no name of an environment");
    }
    PH_ASSIGN(config.environments[std::string(key.str())], texts_of(key.str(), value));
  }
  return {};
}

// The only other place a platform may be is this machine, for tests.
Status read_api(const toml::node& node, const std::string& text, SyncConfig& config) {
  const Result<HttpUrl> url = parse_http_url(text);
  if (!url.ok() || !is_loopback_literal(url->host) || !url->query.empty() ||
      (!url->path.empty() && url->path != "/")) {
    return at_line(node.source(),
                   "\"api\" may be an address of this machine only, such as "
                   "http://127.0.0.1:8080; leave it out to reach the platform");
  }
  config.api = text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
  return {};
}

Status read_key(std::string_view key, const toml::node& node, SyncConfig& config) {
  if (key == "environments") return read_environments(node, config);
  if (key == "only" || key == "except") {
    PH_ASSIGN((key == "only" ? config.only : config.except), patterns_of(key, node));
    return {};
  }
  PH_ASSIGN(const std::string text, text_of(key, node));
  const auto refuse = [&](const std::string& rule) {
    return at_line(node.source(), in_quotes(key) + " " + rule);
  };
  if (key == "platform") {
    if (find_platform(text) == nullptr) {
      std::string known;
      for (const Platform* each : platforms()) {
        known += (known.empty() ? "" : ", ") + std::string(each->name());
      }
      return refuse("is none phantom knows: " + known);
    }
    config.platform = text;
  } else if (key == "project" || key == "account" || key == "service" || key == "kind") {
    (key == "project"   ? config.project
     : key == "account" ? config.account
     : key == "service" ? config.service
                        : config.kind) = text;
    if (text.empty()) return refuse("is empty");
  } else if (key == "token") {
    if (!is_valid_secret_name(text)) {
      return refuse("must be the name of a secret in the vault that is the platform's token");
    }
    config.token = text;
  } else if (key == "token_env") {
    if (!is_valid_key(text) || text.find_first_of(".-") != std::string::npos) {
      return refuse("must be the name of a variable of the environment");
    }
    config.token_env = text;
  } else if (key == "prefix") {
    if (!is_valid_key(text) || text.size() > 64) {
      return refuse("must be the beginning of a name, such as APP_");
    }
    config.prefix = text;
  } else if (key == "api") {
    PH_TRY(read_api(node, text, config));
  } else {
    return refuse("is not a known key of [[sync]]");
  }
  return {};
}

std::string_view base_name(std::string_view full) { return split_secret_name(full).name; }

Status check_table(const SyncConfig& config) {
  const Platform* platform = find_platform(config.platform);
  if (platform == nullptr) return Error{Code::kInvalid, "it has no \"platform\""};
  if (config.token.has_value() == config.token_env.has_value()) {
    return Error{Code::kInvalid,
                 "it needs \"token\", the name of a secret in the vault, or \"token_env\""};
  }
  if (config.environments.empty()) return Error{Code::kInvalid, "it has no \"environments\""};
  return platform->check_config(config);
}

}  // namespace

std::string SyncTarget::places_text() const {
  std::string text;
  for (const std::string& place : places) text += (text.empty() ? "" : ", ") + place;
  return text;
}

std::string SyncTarget::describe() const {
  return config.platform + " " + config.project + " (" + places_text() + ")";
}

std::vector<SyncTarget> sync_targets(const std::vector<SyncConfig>& tables,
                                     std::string_view environment) {
  std::vector<SyncTarget> targets;
  for (const SyncConfig& config : tables) {
    const auto found = config.environments.find(std::string(environment));
    if (found == config.environments.end()) continue;
    const Platform* platform = find_platform(config.platform);
    if (platform != nullptr && platform->grouping() == Platform::Grouping::kTogether) {
      targets.push_back({config, found->first, found->second});
      continue;
    }
    for (const std::string& place : found->second) {
      targets.push_back({config, found->first, {place}});
    }
  }
  return targets;
}

Status check_sync_tables(const std::vector<SyncConfig>& tables) {
  std::map<std::string, std::string> owners;  // place -> environment of the vault
  for (const SyncConfig& config : tables) {
    PH_TRY(check_table(config));
    for (const auto& [environment, places] : config.environments) {
      for (const std::string& place : places) {
        const std::string where = config.platform + "\n" + config.account + "\n" + config.project +
                                  "\n" + config.service + "\n" + config.kind + "\n" + config.api +
                                  "\n" + config.prefix + "\n" + place;
        const auto [owner, added] = owners.emplace(where, environment);
        if (added || owner->second == environment) continue;
        return Error{Code::kInvalid, "the environments " + owner->second + " and " + environment +
                                         " would write over each other in " + config.platform +
                                         " " + config.project + " (" + place + ")"};
      }
    }
  }
  return {};
}

bool is_platform_token(const std::vector<SyncConfig>& tables, std::string_view name) {
  return std::any_of(tables.begin(), tables.end(), [name](const SyncConfig& config) {
    return (config.token && base_name(*config.token) == name) ||
           (config.token_env && *config.token_env == name);
  });
}

std::vector<Route> sync_routes(const std::vector<SyncConfig>& tables) {
  std::vector<Route> routes;
  for (const SyncConfig& config : tables) {
    const Platform* platform = find_platform(config.platform);
    if (platform == nullptr) continue;
    const Result<HttpUrl> url =
        parse_http_url(config.api.empty() ? std::string(platform->api()) : config.api);
    if (!url.ok()) continue;
    for (const auto& [environment, unused] : config.environments) {
      for (const SyncTarget& target : sync_targets({config}, environment)) {
        Route route;
        route.scheme = url->scheme == HttpUrl::Scheme::kHttps ? Scheme::kHttps : Scheme::kHttp;
        route.host = url->host;
        route.port = static_cast<std::uint16_t>(parse_decimal(url->port).value_or(443));
        route.consent = Consent::kNeeded;
        const std::string place = "sync " + config.platform + " " + config.project +
                                  (config.service.empty() ? "" : "/" + config.service) + " " +
                                  target.places_text() + " from " + environment;
        route.service = place;
        route.secret_name = full_secret_name(environment, "*");
        route.header = "body";
        route.header_format = "{secret}";
        routes.push_back(route);
        if (!config.token) continue;
        route.service = place + ", token";
        route.secret_name = *config.token;
        route.header = platform->authorization(target, "").name;
        routes.push_back(std::move(route));
      }
    }
  }
  return routes;
}

Result<std::vector<SyncConfig>> read_sync_tables(const toml::node& node) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return at_line(node.source(), "\"sync\" must be written as [[sync]]");
  if (list->size() > kTablesMax) return at_line(node.source(), "too many [[sync]] tables");
  std::vector<SyncConfig> tables;
  for (const toml::node& each : *list) {
    const toml::table* table = each.as_table();
    if (table == nullptr) return at_line(each.source(), "\"sync\" must be written as [[sync]]");
    SyncConfig config;
    for (const auto& [key, value] : *table) PH_TRY(read_key(key.str(), value, config));
    tables.push_back(std::move(config));
    if (Status good = check_sync_tables(tables); !good.ok()) {
      return at_line(each.source(), "[[sync]]: " + good.error().message)
          .with_hint(good.error().hint);
    }
  }
  return tables;
}

}  // namespace phantom
