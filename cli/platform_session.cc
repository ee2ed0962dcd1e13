#include "cli/platform_session.h"

#include "cli/config_standing.h"
#include "events/encoding.h"
#include "proxy/http_head.h"
#include "vault/secret_name.h"
#include "vault/unlock.h"

#include <algorithm>
#include <thread>

namespace phantom {
namespace {

bool has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

HttpClientOptions client_options() {
  HttpClientOptions options;
  options.exchange_max = std::chrono::milliseconds(60'000);
  return options;
}

}  // namespace

Status check_sync_accepted(Environment& environment, const Project& project) {
  PH_TRY(routes_for_session(environment, project, RouteNotices::kNone));
  return {};
}

Option platform_option(const std::string& name, const std::string& help,
                       std::optional<std::string>* target) {
  Option option{name, "PLATFORM", help, target};
  for (const Platform* platform : platforms()) option.choices.emplace_back(platform->name());
  return option;
}

Result<std::vector<SyncTarget>> choose_targets(const Project& project, const TargetChoice& choice) {
  std::vector<SyncTarget> targets = sync_targets(project.config.sync, choice.environment);
  std::erase_if(targets, [&](const SyncTarget& target) {
    return (choice.platform && target.config.platform != *choice.platform) ||
           (choice.project && target.config.project != *choice.project) ||
           (choice.place && !has(target.places, *choice.place));
  });
  if (!targets.empty()) return targets;
  return Error{Code::kNotFound,
               "no [[sync]] table of " + escape_terminal(project.config_file.string()) +
                   " says where secrets of " + choice.environment + " go" +
                   (choice.platform || choice.project || choice.place ? " there" : ""),
               "add one with platform, project, token and environments = { " + choice.environment +
                   " = ... }, or choose another environment with --env"};
}

std::vector<std::string> PlatformTokens::names(const std::vector<SyncTarget>& targets) {
  std::vector<std::string> names;
  for (const SyncTarget& target : targets) {
    if (target.config.token && !has(names, *target.config.token)) {
      names.push_back(*target.config.token);
    }
  }
  return names;
}

Status PlatformTokens::take_variables(const std::vector<SyncTarget>& targets) {
  for (const SyncTarget& target : targets) {
    if (!target.config.token_env) continue;
    const std::string& name = *target.config.token_env;
    const bool known = std::any_of(variables_.begin(), variables_.end(),
                                   [&](const Variable& each) { return each.name == name; });
    if (known) continue;
    std::optional<SecretBytes> value = take_secret_variable(name.c_str());
    if (!value) {
      return Error{Code::kNotFound,
                   "the variable " + escape_terminal(name) + " with the token of " +
                       target.config.platform + " is not set",
                   "set it, or keep the token in the vault and name it with token = "};
    }
    variables_.push_back({name, std::move(*value)});
  }
  return {};
}

Result<const SecretBytes*> PlatformTokens::find(const SyncTarget& target) const {
  const SecretBytes* found = nullptr;
  for (const OpenedSecret& each : opened_) {
    if (target.config.token && each.info.name == *target.config.token) found = &each.value;
  }
  for (const Variable& each : variables_) {
    if (target.config.token_env && each.name == *target.config.token_env) found = &each.value;
  }
  PH_CHECK(found != nullptr, "the token of a target was not opened");
  if (!found->empty() && is_field_value(found->text())) return found;
  return Error{Code::kInvalid,
               "the token of " + target.config.platform + " cannot stand in a header",
               "store it again without line breaks"};
}

bool PlatformTokens::is_one(const SecretBytes& value) const {
  const auto same = [&](const auto& each) { return each.value.equals(value); };
  return std::any_of(opened_.begin(), opened_.end(), same) ||
         std::any_of(variables_.begin(), variables_.end(), same);
}

std::vector<LoadedSecret> PlatformTokens::named() const {
  std::vector<LoadedSecret> named;
  for (const OpenedSecret& each : opened_) named.push_back({each.info.name, &each.value});
  for (const Variable& each : variables_) named.push_back({each.name, &each.value});
  return named;
}

Result<PlatformSession> PlatformSession::open(const Platform& platform, const SyncTarget& target,
                                              const SecretBytes& token) {
  const std::string address =
      target.config.api.empty() ? std::string(platform.api()) : target.config.api;
  PH_ASSIGN(HttpUrl url, parse_http_url(address));
  PH_ASSIGN(std::unique_ptr<HttpClient> client, HttpClient::open(std::move(url), client_options()));
  PlatformSession session;
  session.client_ = std::move(client);
  session.tools_.send = [client = session.client_, &platform, &target,
                         &token](const HttpRequest& request) {
    HttpRequest full = request;
    full.fields.push_back(platform.authorization(target, token.text()));
    Result<HttpAnswer> answer = client->exchange(full);
    wipe(full.body);
    wipe(full.fields.back().value);
    return answer;
  };
  session.tools_.pause = [](std::chrono::milliseconds wait) { std::this_thread::sleep_for(wait); };
  return session;
}

std::string spoken_ending(PlatformResult result, int status, unsigned attempts,
                          const std::string& trouble) {
  std::string text = platform_result_name(result);
  if (status != 0) text += ", status " + std::to_string(status);
  if (attempts > 1) text += " after " + std::to_string(attempts) + " attempts";
  if (status == 0 && !trouble.empty()) text += ": " + trouble;
  return text;
}

}  // namespace phantom
