#include "vault/value_look.h"

#include "vault/ascii.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace phantom {
namespace {

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

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

bool is_digest_name(std::string_view name) {
  constexpr std::string_view kWords[] = {"SHA",    "SHA1",     "SHA256",     "COMMIT", "HASH",
                                         "DIGEST", "REVISION", "CHECKSUM",   "BUILD",  "VERSION",
                                         "REF",    "ETAG",     "FINGERPRINT"};
  const std::vector<std::string> words = words_of_name(name);
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return is_one_of(word, kWords); });
}

// Texts that stand in made-up values and hardly ever in random ones.
constexpr std::string_view kExampleWords[] = {
    "example",  "sample",   "dummy",    "placeholder", "changeme",  "change_me",  "change-me",
    "insert",   "replace",  "redacted", "removed",     "notareal",  "not-a-real", "not_a_real",
    "xxxxx",    "yourkey",  "your_",    "your-",       "yourtoken", "yourapi",    "mytoken",
    "mysecret", "deadbeef", "foobar",   "test-key",    "test_key",  "fake_",      "fake-",
    "-here",    "_here",    "<",        "...",         "****",      "${",         "{{"};

// Keys of documentation and local emulators that everybody has. In two pieces each, so that this
// file does not look like a leak itself.
constexpr std::array<std::string_view, 2> kDocumented[] = {
    {"4eC39HqLyjWDa", "rjtT1zdp7dc"},                     // Stripe's documentation
    {"BQokikJOvBiI2", "HlWgH4olfQ2"},                     // the same, older
    {"SflKxwRJSMeKKF2QT4f", "wpMeJf36POk6yJV_adQssw5c"},  // jwt.io
    {"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1", "OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw"},
    {"C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8", "mGGyPMbIZnqyMsEcaGQy67XIw/Jw"},
};

constexpr std::size_t kSameMax = 8;
constexpr std::size_t kCountingMax = 10;

// One character over and over, or each one more (or less) than the one before it.
bool is_monotonous(std::string_view value) {
  std::size_t same = 1;
  std::size_t up = 1;
  std::size_t down = 1;
  for (std::size_t i = 1; i < value.size(); ++i) {
    const int step = value[i] - value[i - 1];
    const bool wraps =
        value[i - 1] == '9' && (value[i] == '0' || value[i] == 'a' || value[i] == 'A');
    same = step == 0 ? same + 1 : 1;
    up = step == 1 || wraps ? up + 1 : 1;
    down = step == -1 ? down + 1 : 1;
    if (same >= kSameMax || up >= kCountingMax || down >= kCountingMax) return true;
  }
  return false;
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

bool is_uuid(std::string_view value) {
  if (value.size() != 36) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? value[i] != '-' : !is_hex(to_lower(value[i]))) return false;
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

bool is_reference(std::string_view value) {
  if (value.size() < 2 || value.front() != '$') return false;
  std::string_view name = value.substr(1);
  if (name.front() == '{' && name.back() == '}') name = name.substr(1, name.size() - 2);
  return !name.empty() && !is_digit(name.front()) &&
         all_are(name, [](char c) { return is_alnum(c) || c == '_'; });
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
  const bool hex = all_are(value, [](char c) { return is_hex(to_lower(c)); });
  if (hex) return value.size() >= 32 && entropy >= 3.0 && !is_digest_name(name);
  // Two bits below what random base64 of this length has on average would let words through.
  const bool long_enough = value.size() >= 20 && digit && entropy >= 3.7 && classes >= 2;
  const bool complex =
      classes == 4 && entropy >= 3.2 && value.find_first_of("/\\{[(") == std::string_view::npos;
  return long_enough || complex;
}

bool is_example(std::string_view value) {
  const std::string lower = lower_case(value);
  for (const std::string_view word : kExampleWords) {
    if (lower.find(word) != std::string::npos) return true;
  }
  for (const auto& [begin, end] : kDocumented) {
    const std::size_t at = value.find(begin);
    if (at != std::string_view::npos && value.substr(at + begin.size()).starts_with(end))
      return true;
  }
  return is_monotonous(value);
}

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

std::vector<std::string> words_of_name(std::string_view name) {
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

NameHint name_hint(std::string_view name) {
  if (name == "PWD" || name == "OLDPWD") return NameHint::kHarmless;
  const std::vector<std::string> words = words_of_name(name);
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

}  // namespace phantom
