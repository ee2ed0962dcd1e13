#include "vault/detect.h"

#include "vault/placeholder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace phantom {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }
char to_upper(char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
char to_lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

template <class Predicate>
bool all_are(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}
template <class Range>
bool is_one_of(std::string_view text, const Range& list) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

// ---- values with the shape of one vendor's keys

enum class Alphabet { kAlnum, kWord, kUpperAlnum, kHex, kAny };

bool fits(char c, Alphabet alphabet) {
  switch (alphabet) {
    case Alphabet::kAlnum:
      return is_alnum(c);
    case Alphabet::kWord:
      return is_alnum(c) || c == '-' || c == '_' || c == '.';
    case Alphabet::kUpperAlnum:
      return is_upper(c) || is_digit(c);
    case Alphabet::kHex:
      return is_digit(c) || (c >= 'a' && c <= 'f');
    case Alphabet::kAny:
      return c > 0x20 && c < 0x7f;
  }
  return false;
}

struct Shape {
  std::string_view prefix;
  std::size_t rest_min;
  Alphabet alphabet;
  std::string_view reason;
};

constexpr Shape kShapes[] = {
    {"sk-ant-", 16, Alphabet::kWord, "Anthropic key"},
    {"sk-proj-", 16, Alphabet::kWord, "OpenAI key"},
    {"sk-svcacct-", 16, Alphabet::kWord, "OpenAI key"},
    {"sk-admin-", 16, Alphabet::kWord, "OpenAI key"},
    {"sk-or-", 16, Alphabet::kWord, "OpenRouter key"},
    {"sk-", 20, Alphabet::kWord, "API key starting with sk-"},
    {"sk_live_", 10, Alphabet::kWord, "Stripe secret key"},
    {"sk_test_", 10, Alphabet::kWord, "Stripe secret key"},
    {"sk_prod_", 10, Alphabet::kWord, "Stripe secret key"},
    {"rk_live_", 10, Alphabet::kWord, "Stripe restricted key"},
    {"rk_test_", 10, Alphabet::kWord, "Stripe restricted key"},
    {"rk_prod_", 10, Alphabet::kWord, "Stripe restricted key"},
    {"sk_", 20, Alphabet::kWord, "API key starting with sk_"},
    {"whsec_", 16, Alphabet::kAny, "webhook signing secret"},
    {"ghp_", 30, Alphabet::kAlnum, "GitHub token"},
    {"gho_", 30, Alphabet::kAlnum, "GitHub token"},
    {"ghu_", 30, Alphabet::kAlnum, "GitHub token"},
    {"ghs_", 30, Alphabet::kAlnum, "GitHub token"},
    {"ghr_", 30, Alphabet::kAlnum, "GitHub token"},
    {"github_pat_", 30, Alphabet::kWord, "GitHub token"},
    {"glpat-", 20, Alphabet::kWord, "GitLab token"},
    {"xoxb-", 10, Alphabet::kWord, "Slack token"},
    {"xoxp-", 10, Alphabet::kWord, "Slack token"},
    {"xoxe-", 10, Alphabet::kWord, "Slack token"},
    {"xoxa-", 10, Alphabet::kWord, "Slack token"},
    {"xapp-", 10, Alphabet::kWord, "Slack token"},
    {"AKIA", 16, Alphabet::kUpperAlnum, "AWS access key"},
    {"ASIA", 16, Alphabet::kUpperAlnum, "AWS access key"},
    {"ABIA", 16, Alphabet::kUpperAlnum, "AWS access key"},
    {"ACCA", 16, Alphabet::kUpperAlnum, "AWS access key"},
    {"shpat_", 16, Alphabet::kAlnum, "Shopify token"},
    {"shpss_", 16, Alphabet::kAlnum, "Shopify secret"},
    {"gsk_", 20, Alphabet::kAlnum, "Groq key"},
    {"xai-", 20, Alphabet::kWord, "xAI key"},
    {"hf_", 20, Alphabet::kAlnum, "Hugging Face token"},
    {"r8_", 20, Alphabet::kAlnum, "Replicate token"},
    {"pplx-", 20, Alphabet::kAlnum, "Perplexity key"},
    {"npm_", 30, Alphabet::kAlnum, "npm token"},
    {"pypi-", 40, Alphabet::kWord, "PyPI token"},
    {"dop_v1_", 32, Alphabet::kHex, "DigitalOcean token"},
    {"doo_v1_", 32, Alphabet::kHex, "DigitalOcean token"},
    {"SG.", 30, Alphabet::kWord, "SendGrid key"},
    {"sq0atp-", 16, Alphabet::kWord, "Square token"},
    {"sq0csp-", 16, Alphabet::kWord, "Square secret"},
    {"EAAA", 50, Alphabet::kWord, "Square token"},
    {"hvs.", 20, Alphabet::kWord, "HashiCorp Vault token"},
    {"sntrys_", 20, Alphabet::kAny, "Sentry token"},
    {"sntryu_", 20, Alphabet::kAny, "Sentry token"},
    {"lin_api_", 20, Alphabet::kAlnum, "Linear key"},
    {"ntn_", 20, Alphabet::kAlnum, "Notion token"},
    {"secret_", 30, Alphabet::kAlnum, "Notion token"},
    {"re_", 20, Alphabet::kWord, "Resend key"},
    {"key-", 32, Alphabet::kHex, "Mailgun key"},
    {"sbp_", 30, Alphabet::kHex, "Supabase token"},
    {"sb_secret_", 16, Alphabet::kWord, "Supabase secret key"},
    {"AGE-SECRET-KEY-1", 40, Alphabet::kUpperAlnum, "age key"},
    {"phc_secret_", 16, Alphabet::kWord, "PostHog secret key"},
    {"Bearer ", 8, Alphabet::kAny, "bearer token"},
    {"Basic ", 8, Alphabet::kAny, "basic credentials"},
};

std::string_view vendor_shape(std::string_view value) {
  for (const Shape& shape : kShapes) {
    if (!value.starts_with(shape.prefix)) continue;
    const std::string_view rest = value.substr(shape.prefix.size());
    if (rest.size() >= shape.rest_min &&
        all_are(rest, [&](char c) { return fits(c, shape.alphabet); })) {
      return shape.reason;
    }
  }
  return {};
}

bool is_publishable(std::string_view value) {
  return value.starts_with("pk_test_") || value.starts_with("pk_live_") ||
         value.starts_with("sb_publishable_") || value.starts_with("phc_");
}

bool is_google_key(std::string_view value) {
  return value.starts_with("AIza") && value.size() >= 35 &&
         all_are(value, [](char c) { return fits(c, Alphabet::kWord); });
}

// ---- structured values

std::string decode_base64url(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    std::uint32_t digit = 0;
    if (is_upper(c)) {
      digit = static_cast<std::uint32_t>(c - 'A');
    } else if (is_lower(c)) {
      digit = static_cast<std::uint32_t>(c - 'a') + 26;
    } else if (is_digit(c)) {
      digit = static_cast<std::uint32_t>(c - '0') + 52;
    } else if (c == '-') {
      digit = 62;
    } else if (c == '_') {
      digit = 63;
    } else {
      return {};
    }
    bits = (bits << 6) | digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>((bits >> count) & 0xffU));
    }
  }
  return out;
}

enum class Jwt { kNone, kAnonymous, kOther };

// A Supabase "anon" key is a JWT made to be shipped to browsers; every other one is a credential.
Jwt jwt_kind(std::string_view value) {
  const std::size_t first = value.find('.');
  const std::size_t second = first == std::string_view::npos ? first : value.find('.', first + 1);
  if (!value.starts_with("eyJ") || second == std::string_view::npos ||
      value.find('.', second + 1) != std::string_view::npos) {
    return Jwt::kNone;
  }
  const std::string header = decode_base64url(value.substr(0, first));
  if (header.find("\"alg\"") == std::string::npos) return Jwt::kNone;
  std::string claims = decode_base64url(value.substr(first + 1, second - first - 1));
  std::erase(claims, ' ');
  return claims.find("\"role\":\"anon\"") != std::string::npos ? Jwt::kAnonymous : Jwt::kOther;
}

bool is_reference(std::string_view value) {
  if (value.size() < 2 || value.front() != '$') return false;
  std::string_view name = value.substr(1);
  if (name.front() == '{' && name.back() == '}') name = name.substr(1, name.size() - 2);
  return !name.empty() && !is_digit(name.front()) &&
         all_are(name, [](char c) { return is_alnum(c) || c == '_'; });
}

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
  if (const std::string_view vendor = vendor_shape(value); !vendor.empty()) return vendor;
  if (value.find("-----BEGIN ") != std::string_view::npos &&
      value.find("PRIVATE KEY") != std::string_view::npos) {
    return "private key";
  }
  if (value.find("\"private_key\"") != std::string_view::npos) return "service account key";
  if (const std::string_view url = url_secret(value); !url.empty()) return url;
  if (is_connection_string(value)) return "connection string with a password";
  return {};
}

// ---- names

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_alnum(c)) {
      finish();
      continue;
    }
    const bool hump = is_upper(c) && i > 0 && is_lower(name[i - 1]);
    if (hump) finish();
    word.push_back(to_upper(c));
  }
  finish();
  return words;
}

enum class NameHint {
  kNone,
  kHarmless,  // says that the value is about a secret, or a counter, an id, a file
  kWeak,      // could be a secret
  kStrong,    // an access key or token
  kPassword   // a password: any value counts, however short
};

constexpr std::string_view kAboutWords[] = {
    "ID",       "IDS",        "URL",      "URI",    "URLS",        "ENABLED",   "ENABLE",
    "DISABLED", "PATH",       "FILE",     "DIR",    "NAME",        "TTL",       "EXPIRY",
    "EXPIRES",  "EXPIRATION", "TIMEOUT",  "LENGTH", "SIZE",        "LIMIT",     "COUNT",
    "MAX",      "MIN",        "PREFIX",   "HEADER", "TYPE",        "ALGORITHM", "ALG",
    "ISSUER",   "AUDIENCE",   "HOST",     "PORT",   "REGION",      "VERSION",   "ROUNDS",
    "HINT",     "POLICY",     "PROVIDER", "MODE",   "ENDPOINT",    "DOMAIN",    "SCOPE",
    "SCOPES",   "FIELD",      "METHOD",   "LAYOUT", "PARALLELISM", "FORMAT",    "REQUIRED",
    "STRATEGY", "MINUTES",    "SECONDS",  "HOURS",  "DAYS",        "INTERVAL",  "BUDGET",
    "EMAIL",    "USER",       "USERNAME", "COLUMN", "SERVICE",     "LEVEL",     "DURATION",
    "LIFETIME"};
constexpr std::string_view kPasswordWords[] = {"PASSWORD", "PASSWORDS", "PASSWD", "PASSPHRASE",
                                               "PASS",     "PWD",       "PW",     "PASSCODE"};
constexpr std::string_view kStrongWords[] = {
    "SECRET",    "SECRETS",   "TOKEN",      "CREDENTIAL", "CREDENTIALS", "APIKEY", "APITOKEN",
    "ACCESSKEY", "SECRETKEY", "PRIVATEKEY", "AUTHTOKEN",  "PAT",         "PEPPER"};
constexpr std::string_view kWeakWords[] = {"KEY",  "KEYS",    "AUTH", "TOKENS",  "PRIVATE",
                                           "SALT", "SIGNING", "DSN",  "WEBHOOK", "PIN"};
constexpr std::string_view kKeyQualifiers[] = {
    "API",     "ACCESS", "SECRET", "PRIVATE", "SIGNING", "ENCRYPTION", "MASTER", "ACCOUNT",
    "SERVICE", "AUTH",   "JWT",    "SESSION", "HMAC",    "WEBHOOK",    "ADMIN"};
constexpr std::string_view kPublicQualifiers[] = {"PUBLIC",  "PUBLISHABLE", "PRIMARY",
                                                  "FOREIGN", "SORT",        "PARTITION",
                                                  "CACHE",   "GROUP",       "IDEMPOTENCY"};

NameHint hint_of(std::string_view name) {
  if (name == "PWD" || name == "OLDPWD") return NameHint::kHarmless;
  const std::vector<std::string> words = words_of(name);
  if (words.empty()) return NameHint::kNone;
  if (is_one_of(words.back(), kAboutWords)) return NameHint::kHarmless;
  NameHint hint = NameHint::kNone;
  const auto at_least = [&](NameHint found) { hint = std::max(hint, found); };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool qualified_public = i > 0 && is_one_of(words[i - 1], kPublicQualifiers);
    if (qualified_public) continue;
    if (is_one_of(words[i], kPasswordWords)) at_least(NameHint::kPassword);
    if (is_one_of(words[i], kStrongWords)) at_least(NameHint::kStrong);
    if (words[i] == "KEY" && i > 0 && is_one_of(words[i - 1], kKeyQualifiers)) {
      at_least(NameHint::kStrong);
    }
    if (is_one_of(words[i], kWeakWords)) at_least(NameHint::kWeak);
  }
  return hint;
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

bool is_uuid(std::string_view value) {
  if (value.size() != 36) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? value[i] != '-' : !fits(to_lower(value[i]), Alphabet::kHex)) return false;
  }
  return true;
}

// Words joined by punctuation, as in names of hosts, images, models, paths and branches: no part
// mixes cases within itself, and parts that mix letters and digits are short.
bool is_slug(std::string_view value) {
  std::size_t begin = 0;
  bool joined = false;
  for (std::size_t i = 0; i <= value.size(); ++i) {
    if (i < value.size() && is_alnum(value[i])) continue;
    if (i < value.size()) {
      if (std::string_view("-_./:@,+").find(value[i]) == std::string_view::npos) return false;
      joined = true;
    }
    const std::string_view part = value.substr(begin, i - begin);
    begin = i + 1;
    const bool digits = std::any_of(part.begin(), part.end(), is_digit);
    const bool letters = !all_are(part, is_digit);
    const bool mixed_case = std::any_of(part.begin(), part.end(), is_lower) && part.size() > 1 &&
                            std::any_of(part.begin() + 1, part.end(), is_upper);
    if (digits && letters && part.size() > 8) return false;
    if (mixed_case && digits) return false;
    if (part.size() > 24) return false;
  }
  return joined || all_are(value, [](char c) { return !is_digit(c); });
}

bool is_digest_name(std::string_view name) {
  constexpr std::string_view kWords[] = {"SHA",    "SHA1",     "SHA256",     "COMMIT", "HASH",
                                         "DIGEST", "REVISION", "CHECKSUM",   "BUILD",  "VERSION",
                                         "REF",    "ETAG",     "FINGERPRINT"};
  const std::vector<std::string> words = words_of(name);
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return is_one_of(word, kWords); });
}

bool looks_random(std::string_view name, std::string_view value) {
  if (value.size() < 12 || !all_are(value, [](char c) { return c > 0x20 && c < 0x7f; }))
    return false;
  if (is_uuid(value) || is_slug(value) || value.find("://") != std::string_view::npos) return false;
  const bool lower = std::any_of(value.begin(), value.end(), is_lower);
  const bool upper = std::any_of(value.begin(), value.end(), is_upper);
  const bool digit = std::any_of(value.begin(), value.end(), is_digit);
  const bool other = std::any_of(value.begin(), value.end(), [](char c) { return !is_alnum(c); });
  const int classes = lower + upper + digit + other;
  const double entropy = shannon_entropy(value);
  const bool hex = all_are(value, [](char c) { return fits(to_lower(c), Alphabet::kHex); });
  if (hex) return value.size() >= 32 && entropy >= 3.0 && !is_digest_name(name);
  // Two bits below what random base64 of this length has on average would let words through.
  const bool long_enough = value.size() >= 20 && digit && entropy >= 3.7 && classes >= 2;
  const bool complex =
      classes == 4 && entropy >= 3.2 && value.find_first_of("/\\{[(") == std::string_view::npos;
  return long_enough || complex;
}

bool is_path(std::string_view value) {
  return value.starts_with('/') || value.starts_with("./") || value.starts_with("../") ||
         value.starts_with("~/");
}

}  // namespace

double shannon_entropy(std::string_view text) {
  if (text.empty()) return 0;
  std::array<std::size_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double entropy = 0;
  for (const std::size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    entropy -= share * std::log2(share);
  }
  return entropy;
}

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
  if (is_google_key(value)) return {kSecret, kHigh, "Google key"};

  const NameHint hint = hint_of(name);
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
