#include "vault/detect.h"

#include "vault/ascii.h"
#include "vault/placeholder.h"
#include "vault/secret_checks.h"
#include "vault/secret_rules.h"
#include "vault/value_look.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace phantom {
namespace {

// A provider's name is enough for a person; the views live as long as the program.
std::string_view reason_of(const SecretRule& rule) {
  static const std::map<std::string_view, std::string> reasons = [] {
    std::map<std::string_view, std::string> all;
    for (const SecretRule& each : secret_rules()) {
      all[each.id] = std::string(each.provider) + " " + std::string(each.what);
    }
    return all;
  }();
  return reasons.at(rule.id);
}

std::string_view header_credentials(std::string_view value) {
  const auto after = [&](std::string_view scheme) {
    return value.starts_with(scheme) && value.size() >= scheme.size() + 8 &&
           all_are(value.substr(scheme.size()), [](char c) { return c > 0x20 && c < 0x7f; });
  };
  if (after("Bearer ")) return "bearer token";
  if (after("Basic ")) return "basic credentials";
  return {};
}

bool is_publishable(std::string_view value) {
  return value.starts_with("pk_test_") || value.starts_with("pk_live_") ||
         value.starts_with("sb_publishable_") || value.starts_with("phc_");
}

// ---- structured values

bool is_fill_in(std::string_view value) {
  if (value.front() == '<' && value.back() == '>') return true;
  const std::string lower = lower_case(value);
  return lower.starts_with("your-") || lower.starts_with("your_") || lower.starts_with("your ");
}

constexpr std::string_view kQuerySecrets[] = {
    "api_key", "apikey", "api-key",  "access_token", "accesstoken", "auth_token", "authtoken",
    "auth",    "token",  "password", "secret",       "sig",         "signature",  "client_secret"};

constexpr std::string_view kWebhooks[] = {"://hooks.slack.com/services/t", "/api/webhooks/",
                                          ".webhook.office.com/"};

// The reason why a URL is a secret; empty when it is none, or no URL.
std::string_view url_secret(std::string_view value) {
  const std::size_t scheme = value.find("://");
  if (scheme == std::string_view::npos || scheme == 0 ||
      !all_are(value.substr(0, scheme), [](char c) {
        return is_alnum(c) || c == '+' || c == '.' || c == '-' || c == ':';
      })) {
    return {};
  }
  const std::string_view after = value.substr(scheme + 3);
  // A raw '/', '?' or '#' may stand in a password that nobody encoded, so the last '@' counts
  // as long as a ':' stands before the first of them.
  const std::string_view authority = after.substr(0, after.find_first_of("/?#"));
  std::size_t at = authority.rfind('@');
  std::string_view user =
      at == std::string_view::npos ? std::string_view{} : authority.substr(0, at);
  if (at == std::string_view::npos && authority.find(':') != std::string_view::npos) {
    at = after.rfind('@');
    const std::size_t port = authority.find(':') + 1;
    const bool is_port = port < authority.size() && all_are(authority.substr(port), is_digit);
    if (at != std::string_view::npos && !is_port) user = after.substr(0, at);
  }
  if (const std::size_t colon = user.find(':'); colon != std::string_view::npos) {
    const std::string_view password = user.substr(colon + 1);
    if (!password.empty() && !is_reference(password)) return "URL with a password";
  } else if (user.size() >= 16 && shannon_entropy(user) >= 3.0) {
    return "URL with a key";
  }
  const std::string lower = lower_case(value);
  for (const std::string_view webhook : kWebhooks) {
    if (lower.find(webhook) != std::string::npos) return "webhook URL";
  }
  const std::size_t query = lower.find('?');
  if (query == std::string::npos) return {};
  std::string_view rest = std::string_view(lower).substr(query + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && equals + 1 < pair.size() &&
        is_one_of(pair.substr(0, equals), kQuerySecrets)) {
      return "URL with a key in its query";
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

bool is_connection_string(std::string_view value) {
  const std::string lower = lower_case(value);
  for (const std::string_view key : {"password=", "pwd=", "accountkey=", "sharedaccesskey="}) {
    const std::size_t at = lower.find(key);
    if (at == std::string::npos || (at > 0 && is_alnum(lower[at - 1]))) continue;
    const std::size_t next = at + key.size();
    if (next < lower.size() && lower[next] != ';' && lower[next] != ' ' && lower[next] != '$') {
      return true;
    }
  }
  return false;
}

// The reason why a value is a secret whatever its name is; empty when it is not.
std::string_view structured_secret(std::string_view value) {
  if (const std::string_view header = header_credentials(value); !header.empty()) return header;
  const SecretRule* rule = rule_by_prefix(value);
  if (rule != nullptr && rule->audience == SecretAudience::kServer) return reason_of(*rule);
  if (value.find("-----BEGIN ") != std::string_view::npos &&
      value.find("PRIVATE KEY") != std::string_view::npos) {
    return "private key";
  }
  if (value.find("\"private_key\"") != std::string_view::npos) return "service account key";
  if (const std::string_view url = url_secret(value); !url.empty()) return url;
  if (is_connection_string(value)) return "connection string with a password";
  return {};
}

constexpr std::string_view kPublicPrefixes[] = {
    "NEXT_PUBLIC_", "EXPO_PUBLIC_", "VITE_",   "REACT_APP_", "NUXT_PUBLIC_",
    "GATSBY_",      "PUBLIC_",      "NG_APP_", "VUE_APP_",   "STORYBOOK_"};

bool has_public_prefix(std::string_view name) {
  if (name.starts_with("PUBLIC_KEY")) return false;
  return std::any_of(std::begin(kPublicPrefixes), std::end(kPublicPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// ---- plain values

bool is_simple(std::string_view value) {
  const std::string lower = lower_case(value);
  constexpr std::string_view kWords[] = {"true",      "false",   "yes",      "no",
                                         "on",        "off",     "none",     "null",
                                         "undefined", "enabled", "disabled", "auto"};
  if (is_one_of(lower, kWords)) return true;
  const bool number = all_are(
      value, [](char c) { return is_digit(c) || c == '.' || c == '-' || c == '_' || c == ','; });
  return number && value.size() < 16;
}

bool is_path(std::string_view value) {
  return value.starts_with('/') || value.starts_with("./") || value.starts_with("../") ||
         value.starts_with("~/");
}

}  // namespace

Classification classify(std::string_view name, std::string_view value) {
  using enum ValueClass;
  using enum Confidence;
  if (value.empty()) return {kPlain, kHigh, "empty value"};
  if (value.starts_with(kPlaceholderPrefix)) return {kPlain, kHigh, "already a placeholder"};
  if (is_reference(value)) return {kPlain, kHigh, "refers to another variable"};
  if (is_publishable(value)) return {kPublic, kHigh, "publishable key"};
  if (value.find("-----BEGIN CERTIFICATE") != std::string_view::npos ||
      value.find("-----BEGIN PUBLIC KEY") != std::string_view::npos) {
    if (value.find("PRIVATE KEY") == std::string_view::npos) {
      return {kPlain, kHigh, "certificate or public key"};
    }
  }
  if (const std::string_view reason = structured_secret(value); !reason.empty()) {
    return {kSecret, kHigh, reason};
  }
  const bool public_name = has_public_prefix(name);
  switch (jwt_kind(value)) {
    case Jwt::kAnonymous:
      return public_name ? Classification{kPublic, kHigh, "anonymous JWT under a public name"}
                         : Classification{kSecret, kMedium, "JWT"};
    case Jwt::kOther:
      return {kSecret, public_name ? kMedium : kHigh, "JWT"};
    case Jwt::kNone:
      break;
  }
  if (public_name) return {kPublic, kMedium, "public name prefix"};
  if (const SecretRule* rule = rule_by_prefix(value)) return {kSecret, kHigh, reason_of(*rule)};

  const NameHint hint = name_hint(name);
  if (is_fill_in(value)) return {kPlain, kLow, "a value to be filled in"};
  if (hint == NameHint::kPassword && !is_path(value)) return {kSecret, kHigh, "name says password"};
  if (is_simple(value)) return {kPlain, kMedium, "a number or a switch"};
  if (is_path(value) && is_slug(value)) return {kPlain, kMedium, "a path"};
  const bool random = looks_random(name, value);
  const bool url = value.find("://") != std::string_view::npos;
  if (hint == NameHint::kStrong && !url) return {kSecret, kHigh, "name says key, token or secret"};
  if (hint == NameHint::kWeak && !url) {
    const bool word =
        value.size() < 16 && is_slug(value) && !std::any_of(value.begin(), value.end(), is_digit);
    if (!word && value.size() >= 8) return {kSecret, kMedium, "name could be a key"};
  }
  // A name that says "id" or "version" needs more than a random look: ids look random too.
  if (random && hint != NameHint::kHarmless) return {kSecret, kLow, "value looks random"};
  return {kPlain, hint == NameHint::kNone ? kMedium : kLow, "nothing secret about it"};
}

}  // namespace phantom
