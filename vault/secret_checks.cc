#include "vault/secret_checks.h"

#include "vault/value_look.h"

#include <algorithm>
#include <array>
#include <string>

namespace phantom {
namespace {

constexpr std::size_t kCrcDigits = 6;
constexpr std::size_t kCrcCovers = 30;
constexpr std::size_t kBlockMax = 12'000;
constexpr std::size_t kBodyMin = 60;
constexpr std::size_t kBodySeen = 256;
constexpr std::size_t kUrlMax = 1'024;
constexpr std::size_t kPasswordMin = 4;
constexpr std::size_t kTokenMin = 20;

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The CRC of ISO 3309, as in zip files.
std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = ~0U;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb8'8320U : 0U);
  }
  return ~crc;
}

// GitHub's and npm's: digits, upper case, lower case; zeros in front.
bool crc62_holds(std::string_view value) {
  constexpr std::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  if (value.size() < kCrcDigits + kCrcCovers) return false;
  std::uint32_t crc = crc32(value.substr(value.size() - kCrcDigits - kCrcCovers, kCrcCovers));
  std::string digits(kCrcDigits, '0');
  for (std::size_t i = kCrcDigits; i-- > 0; crc /= 62) digits[i] = kDigits[crc % 62];
  return value.substr(value.size() - kCrcDigits) == digits;
}

bool is_real_jwt(std::string_view value) {
  if (jwt_kind(value) != Jwt::kOther) return false;
  const std::size_t first = value.find('.');
  const std::string claims =
      decode_base64url(value.substr(first + 1, value.find('.', first + 1) - first - 1));
  // The subject of the token that every introduction shows.
  return claims.find("\"1234567890\"") == std::string::npos && !is_example(claims);
}

bool is_discord_id(std::string_view value) {
  const std::string id = decode_base64url(value.substr(0, value.find('.')));
  return id.size() >= 15 &&
         std::all_of(id.begin(), id.end(), [](char c) { return in_alphabet(c, 'd'); });
}

bool ends_url(char c) {
  return c <= 0x20 || c == 0x7f ||
         std::string_view("\"'`<>\\|^)],;").find(c) != std::string_view::npos;
}

// A variable, a format or a mask in place of a password.
bool is_filled_in_later(std::string_view text) {
  if (text.empty()) return true;
  if (std::string_view("$%{<[(*:#@&").find(text.front()) != std::string_view::npos) return true;
  for (const std::string_view mark : {"${", "{{", "$(", "#{", "%s", "%v", "{}", "+ ", "..."}) {
    if (text.find(mark) != std::string_view::npos) return true;
  }
  return text.front() == '\\' || (text.find('{') != std::string_view::npos && text.back() == '}');
}

// Hosts where anybody may have any password: this machine, names of documentation, and names
// without a dot, as containers have among themselves.
bool is_private_host(std::string_view host) {
  host = host.substr(0, host.find_first_of("/?#"));
  if (!host.starts_with('[')) host = host.substr(0, host.find(':'));
  const std::string name = lower_case(host);
  if (name.find('.') == std::string::npos) return true;
  for (const std::string_view end : {".example", ".example.com", ".example.org", ".example.net",
                                     ".test", ".invalid", ".localhost", ".local", ".internal"}) {
    if (name.ends_with(end) || name == end.substr(1)) return true;
  }
  return name.starts_with("127.") || name == "0.0.0.0";
}

}  // namespace

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

bool holds(SecretCheck check, std::string_view value) {
  switch (check) {
    case SecretCheck::kCrc62:
      return crc62_holds(value);
    case SecretCheck::kJwt:
      return is_real_jwt(value);
    case SecretCheck::kDiscord:
      return is_discord_id(value);
    default:
      return true;
  }
}

std::optional<TextSpan> key_block(std::string_view text, std::size_t header_size) {
  text = text.substr(0, kBlockMax);
  const bool putty = text.starts_with("PuTTY");
  std::size_t at = header_size;
  if (putty) {
    at = text.find("Private-Lines:");
    if (at == std::string_view::npos) return std::nullopt;
    at = text.find('\n', at);
    if (at == std::string_view::npos) return std::nullopt;
  }
  const std::size_t end_line = text.find(putty ? "Private-MAC" : "-----END", at);
  const std::size_t end =
      end_line == std::string_view::npos ? std::min(text.size(), at + 512) : end_line;
  // The body, without what stands around its lines in files, strings and code.
  std::string body;
  while (at < end && body.size() < kBodySeen) {
    const std::size_t line_end = std::min({text.find('\n', at), text.find("\\n", at), end});
    std::string_view line = text.substr(at, line_end - at);
    at = line_end + (line_end < end && text[line_end] == '\\' ? 2 : 1);
    while (!line.empty() && !in_alphabet(line.front(), 'b')) line.remove_prefix(1);
    while (!line.empty() && !in_alphabet(line.back(), 'e')) line.remove_suffix(1);
    if (line.empty() || line.find(':') != std::string_view::npos) continue;  // "Proc-Type: 4"
    if (!std::all_of(line.begin(), line.end(), [](char c) { return in_alphabet(c, 'e'); })) break;
    body += line;
  }
  if (body.size() < kBodyMin || shannon_entropy(body) < 3.5 || is_example(body))
    return std::nullopt;
  return TextSpan{0, end};
}

std::optional<TextSpan> url_password(std::string_view text, std::size_t scheme_size) {
  text = text.substr(0, kUrlMax);
  std::size_t end = scheme_size;
  while (end < text.size() && !ends_url(text[end])) ++end;
  const std::string_view rest = text.substr(scheme_size, end - scheme_size);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view host = authority.substr(at + 1);
  const std::string_view user_info = authority.substr(0, at);
  if (host.empty() || is_filled_in_later(host)) return std::nullopt;
  const std::size_t colon = user_info.find(':');
  if (colon == std::string_view::npos) {
    // A DSN of an error tracker is made to be shipped.
    const bool shipped = host.find("sentry") != std::string_view::npos ||
                         host.find("ingest") != std::string_view::npos;
    if (shipped || user_info.size() < kTokenMin || !looks_random("", user_info) ||
        is_example(user_info) || is_filled_in_later(user_info)) {
      return std::nullopt;
    }
    return TextSpan{scheme_size, scheme_size + user_info.size()};
  }
  const std::string_view user = user_info.substr(0, colon);
  const std::string_view password = user_info.substr(colon + 1);
  if (password.size() < kPasswordMin || password == user || is_filled_in_later(password) ||
      is_example(password) || is_trivial_password(password)) {
    return std::nullopt;
  }
  if (is_private_host(host) && !looks_random("", password)) return std::nullopt;
  const std::size_t begin = scheme_size + colon + 1;
  return TextSpan{begin, begin + password.size()};
}

std::optional<TextSpan> connection_password(std::string_view text, std::string_view before) {
  std::size_t end = 0;
  while (end < text.size() && end < 128 && text[end] != ';' && text[end] != '&' &&
         !(ends_url(text[end]))) {
    ++end;
  }
  const std::string_view password = text.substr(0, end);
  const std::string around = lower_case(before) + lower_case(text.substr(end, 256));
  bool server = false;
  for (const std::string_view name :
       {"server=", "data source=", "host=", "user id=", "uid=", "driver={"}) {
    server = server || around.find(name) != std::string::npos;
  }
  if (!server || password.size() < kPasswordMin || is_filled_in_later(password) ||
      is_example(password) || is_trivial_password(password)) {
    return std::nullopt;
  }
  for (const std::string_view local : {"=localhost", "=127.0.0.1", "=(local", "=.;", "=.\\"}) {
    if (around.find(local) != std::string::npos && !looks_random("", password)) return std::nullopt;
  }
  return TextSpan{0, end};
}

bool is_trivial_password(std::string_view password) {
  constexpr std::string_view kWords[] = {
      "password",   "passwd",        "pass",       "pwd",           "secret",      "postgres",
      "postgresql", "root",          "admin",      "guest",         "user",        "username",
      "test",       "testing",       "mysql",      "redis",         "token",       "changeit",
      "default",    "none",          "null",       "mongo",         "mongodb",     "rabbitmq",
      "rootpass",   "key",           "apikey",     "foobar",        "abc123",      "1234",
      "12345",      "123456",        "12345678",   "qwerty",        "letmein",     "hunter2",
      "toor",       "x-oauth-basic", "pass123",    "password1",     "password123", "dev",
      "develop",    "development",   "local",      "localhost",     "docker",      "undefined",
      "empty",      "string",        "value",      "variable",      "pa55word",    "p4ssw0rd",
      "passw0rd",   "p@ssw0rd",      "p%40ssword", "user-password", "db_password", "dbpassword",
      "mypassword", "mypass"};
  const std::string lower = lower_case(password);
  return std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords);
}

}  // namespace phantom
