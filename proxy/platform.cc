#include "proxy/platform.h"

#include "events/encoding.h"
#include "proxy/http_head.h"

#include <algorithm>

namespace phantom {

const char* platform_result_name(PlatformResult result) {
  switch (result) {
    case PlatformResult::kDone:
      return "done";
    case PlatformResult::kDenied:
      return "denied";
    case PlatformResult::kNotFound:
      return "not-found";
    case PlatformResult::kConflict:
      return "conflict";
    case PlatformResult::kInvalid:
      return "invalid";
    case PlatformResult::kRefused:
      return "refused";
    case PlatformResult::kRateLimited:
      return "rate-limited";
    case PlatformResult::kServerError:
      return "server-error";
    case PlatformResult::kUnreachable:
      return "unreachable";
    case PlatformResult::kNotUnderstood:
      return "not-understood";
    case PlatformResult::kUncertain:
      return "uncertain";
  }
  return "refused";
}

bool is_temporary(PlatformResult result) {
  return result == PlatformResult::kRateLimited || result == PlatformResult::kServerError ||
         result == PlatformResult::kUnreachable;
}

const char* write_action_name(WriteAction action) {
  switch (action) {
    case WriteAction::kCreate:
      return "create";
    case WriteAction::kUpdate:
      return "update";
    case WriteAction::kDelete:
      return "delete";
  }
  return "update";
}

std::optional<std::string> Platform::value_problem(const SecretBytes& value) const {
  std::string_view rest = value.text();
  while (!rest.empty()) {
    const Utf8Character character = decode_utf8(rest);
    if (character.length == 0 || character.code == 0) {
      return "is no text, and " + std::string(name()) + " takes text only";
    }
    rest.remove_prefix(character.length);
  }
  return std::nullopt;
}

HttpField Platform::authorization(const SyncTarget&, std::string_view token) const {
  return {"Authorization", "Bearer " + std::string(token)};
}

Result<SealingKey> Platform::read_key(const HttpAnswer&) const { return SealingKey{}; }

PlatformResult Platform::judge(const HttpAnswer& answer) const { return result_of_status(answer); }

const std::vector<const Platform*>& platforms() {
  static const std::vector<const Platform*> all = {
      &vercel_platform(), &railway_platform(), &github_platform(),
      &fly_platform(),    &netlify_platform(), &cloudflare_platform(),
  };
  return all;
}

const Platform* find_platform(std::string_view name) {
  for (const Platform* platform : platforms()) {
    if (platform->name() == name) return platform;
  }
  return nullptr;
}

PlatformResult result_of_status(const HttpAnswer& answer) {
  const int status = answer.status;
  if (status >= 200 && status < 300) return PlatformResult::kDone;
  if (status == 429) return PlatformResult::kRateLimited;
  if (status == 403) {
    // Some platforms limit with a 403; then they say when to come back, or that nothing is left.
    const std::string* left = answer.field("x-ratelimit-remaining");
    const bool limited =
        answer.field("retry-after") != nullptr || (left != nullptr && *left == "0");
    return limited ? PlatformResult::kRateLimited : PlatformResult::kDenied;
  }
  if (status == 401) return PlatformResult::kDenied;
  if (status == 404 || status == 410) return PlatformResult::kNotFound;
  if (status == 409) return PlatformResult::kConflict;
  if (status == 408) return PlatformResult::kUnreachable;
  if (status >= 500) return PlatformResult::kServerError;
  if (status >= 400) return PlatformResult::kInvalid;
  return PlatformResult::kNotUnderstood;  // a redirect: secrets do not follow it
}

bool is_platform_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

std::optional<std::string> variable_name_problem(std::string_view name, std::size_t bytes_max) {
  if (name.size() > bytes_max) return "is longer than " + std::to_string(bytes_max) + " characters";
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  const bool good = !name.empty() && is_letter(name.front()) &&
                    std::all_of(name.begin(), name.end(),
                                [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
  if (good) return std::nullopt;
  return std::string("may have letters, digits and _ only, and no digit first");
}

Status check_places(const SyncConfig& config, const std::vector<std::string_view>& words) {
  std::string known;
  for (const std::string_view word : words)
    known += (known.empty() ? "" : ", ") + std::string(word);
  for (const auto& [environment, places] : config.environments) {
    for (const std::string& place : places) {
      if (std::find(words.begin(), words.end(), place) != words.end()) continue;
      return Error{Code::kInvalid,
                   "\"" + escape_terminal(place) + "\" is no environment of " + config.platform,
                   "it has: " + known};
    }
  }
  return {};
}

Status need_id(std::string_view key, std::string_view value, std::string_view what) {
  if (is_platform_id(value)) return {};
  return Error{Code::kInvalid, "\"" + std::string(key) + "\" must be " + std::string(what)};
}

Status refuse_key(std::string_view key, std::string_view value, std::string_view platform) {
  if (value.empty()) return {};
  return Error{Code::kInvalid,
               "\"" + std::string(key) + "\" means nothing to " + std::string(platform)};
}

}  // namespace phantom
