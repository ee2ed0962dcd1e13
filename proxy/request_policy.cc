#include "proxy/request_policy.h"

#include "events/encoding.h"
#include "vault/placeholder.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <optional>

namespace phantom {
namespace {

constexpr std::string_view kTokenSegment = "_phantom";
constexpr std::string_view kTokenParameter = "phantom_token";

Refusal refuse(int status, Reason reason, std::string code, std::string message,
               std::string service = {}) {
  return {status, reason, std::move(code), std::move(message), std::move(service)};
}

Refusal bad_request(std::string message) {
  return refuse(400, Reason::BadRequest, "bad_request", std::move(message));
}

bool is_switched_on(const char* value) {
  if (value == nullptr) return false;
  const std::string_view text(value);
  constexpr std::array<std::string_view, 4> kOn = {"1", "true", "yes", "on"};
  return std::any_of(kOn.begin(), kOn.end(),
                     [text](std::string_view on) { return equals_ignoring_case(text, on); });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Escapes are well formed and hide nothing that a server could take for structure.
bool escapes_are_plain(std::string_view path) {
  for (std::size_t i = path.find('%'); i != std::string_view::npos; i = path.find('%', i + 1)) {
    if (i + 2 >= path.size()) return false;
    const int high = hex_digit(path[i + 1]);
    const int low = hex_digit(path[i + 2]);
    if (high < 0 || low < 0) return false;
    const int byte = high * 16 + low;
    if (byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\' || byte == '%') return false;
  }
  return true;
}

// "." and ".." in every spelling, also with a path parameter behind them.
bool is_dot_segment(std::string_view segment) {
  segment = segment.substr(0, segment.find(';'));
  std::string plain;
  while (!segment.empty() && plain.size() <= 2) {
    if (segment.front() == '%' && segment.size() >= 3 && segment[1] == '2' &&
        (segment[2] == 'e' || segment[2] == 'E')) {
      plain += '.';
      segment.remove_prefix(3);
    } else {
      plain += segment.front();
      segment.remove_prefix(1);
    }
  }
  return plain == "." || plain == "..";
}

template <class Visit>
void for_each_segment(std::string_view path, Visit visit) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    visit(path.substr(0, end));
    path.remove_prefix(end);
  }
}

bool is_path(std::string_view path) {
  const bool characters = std::all_of(path.begin(), path.end(), [](char c) {
    return c > 0x20 && c < 0x7f &&
           std::string_view("\"#<>\\^`{|}").find(c) == std::string_view::npos;
  });
  if (!characters || !escapes_are_plain(path)) return false;
  bool plain = true;
  for_each_segment(path, [&plain](std::string_view s) { plain = plain && !is_dot_segment(s); });
  return plain;
}

bool is_query(std::string_view query) {
  return std::all_of(query.begin(), query.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

struct Target {
  std::string_view service;
  std::optional<std::string_view> token;  // of /<service>/_phantom/<token>
  std::string_view rest;                  // after the service
  std::string_view rest_after_token;
  std::string_view query;
  bool has_query = false;
};

std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

Target split_target(std::string_view target) {
  Target out;
  std::string_view path = target;
  if (const std::size_t mark = target.find('?'); mark != std::string_view::npos) {
    path = target.substr(0, mark);
    out.query = target.substr(mark + 1);
    out.has_query = true;
  }
  out.service = take_segment(path);
  out.rest = path;
  if (!path.empty() && take_segment(path) == kTokenSegment && !path.empty()) {
    out.token = take_segment(path);
    out.rest_after_token = path;
  }
  return out;
}

struct QueryToken {
  std::string rest;  // the query without the pairs that carry the session token
  bool good = false;
  bool wrong = false;
};

QueryToken read_query(std::string_view query, const SessionToken& token) {
  QueryToken out;
  bool first = true;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.starts_with(kTokenParameter) && pair.substr(kTokenParameter.size()).starts_with('=')) {
      if (token.matches(pair.substr(kTokenParameter.size() + 1))) {
        out.good = true;
        continue;
      }
      out.wrong = true;
    }
    if (!first) out.rest += '&';
    first = false;
    out.rest += pair;
  }
  return out;
}

bool is_own_host(std::string_view host, std::uint16_t port) {
  const std::string suffix = ":" + std::to_string(port);
  return host == "127.0.0.1" + suffix || equals_ignoring_case(host, "localhost" + suffix);
}

// What a browser page can do to a server on localhost, and what makes the record untrue.
std::optional<Refusal> check_origin(const RequestHead& head, std::uint16_t port) {
  for (const HeaderField& field : head.fields) {
    if (equals_ignoring_case(field.name, "host") && !is_own_host(field.value, port)) {
      return refuse(421, Reason::BadRequest, "wrong_host", "Host does not name this proxy");
    }
    if (same_header(field.name, "origin")) {
      return refuse(403, Reason::BadRequest, "browser_refused",
                    "requests from browser pages are not served");
    }
    if (same_header(field.name, "x-http-method-override") ||
        same_header(field.name, "x-http-method") || same_header(field.name, "x-method-override")) {
      return bad_request("headers that override the method are not passed on");
    }
    if (equals_ignoring_case(field.name, "upgrade") &&
        equals_ignoring_case(field.value, "websocket")) {
      return refuse(501, Reason::BadRequest, "upgrade_not_supported",
                    "WebSocket connections are not supported");
    }
  }
  return std::nullopt;
}

enum class TokenCheck { kGood, kMissing, kBad };

TokenCheck check_token(const RequestHead& head, const Target& target, const QueryToken& query,
                       const RequestPolicy& policy) {
  bool good = false;
  for (const HeaderField& field : head.fields) {
    if (!same_header(field.name, kProxyTokenHeader)) continue;
    if (!policy.token->matches(field.value)) return TokenCheck::kBad;
    good = true;
  }
  const bool in_path = target.token && policy.token->matches(*target.token);
  if (policy.channels.path) good = good || in_path;
  if (policy.channels.query) good = good || query.good;
  if (good) return TokenCheck::kGood;
  const bool presented =
      (policy.channels.path && target.token) || (policy.channels.query && query.wrong);
  return presented ? TokenCheck::kBad : TokenCheck::kMissing;
}

const Route* find_route(const std::vector<Route>& routes, std::string_view service) {
  const auto found = std::find_if(routes.begin(), routes.end(),
                                  [service](const Route& r) { return r.service == service; });
  return found == routes.end() ? nullptr : &*found;
}

bool is_written_by_proxy(std::string_view name, const Route& route) {
  return same_header(name, route.header) || same_header(name, kProxyTokenHeader) ||
         same_header(name, "host") || same_header(name, "content-length") ||
         same_header(name, "transfer-encoding") || same_header(name, "expect");
}

std::uint32_t placeholders_in(std::string_view text) {
  return static_cast<std::uint32_t>(find_placeholders(text).size());
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 24 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
  });
}

// v1, v1beta, v1beta2
bool is_version(std::string_view text) {
  return text.size() >= 2 && text.size() <= 8 && text[0] == 'v' && text[1] >= '0' &&
         text[1] <= '9' && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

// The custom method of models/some-model:generateContent
bool is_custom_method(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

}  // namespace

std::vector<std::string> TokenChannels::names() const {
  std::vector<std::string> names = {"header"};
  if (path) names.emplace_back("path");
  if (query) names.emplace_back("query");
  return names;
}

TokenChannels token_channels(const char* header_auth_only, const char* allow_query_token) {
  TokenChannels channels;
  channels.path = !is_switched_on(header_auth_only);
  channels.query = is_switched_on(allow_query_token);
  return channels;
}

SessionToken SessionToken::random(Random& random) {
  std::array<std::uint8_t, 32> bits{};
  random.fill(bits);
  SessionToken token(to_hex(bits));
  sodium_memzero(bits.data(), bits.size());
  return token;
}

SessionToken::SessionToken(std::string text) : text_(std::move(text)) {
  // An empty token would let everybody in.
  PH_CHECK(text_.size() == 64, "a session token has 64 hex digits");
  crypto_generichash(digest_.data(), digest_.size(), as_bytes(text_).data(), text_.size(), nullptr,
                     0);
}

bool SessionToken::matches(std::string_view candidate) const {
  Digest digest{};
  crypto_generichash(digest.data(), digest.size(), as_bytes(candidate).data(), candidate.size(),
                     nullptr, 0);
  return sodium_memcmp(digest.data(), digest_.data(), digest.size()) == 0;
}

Decision decide(const RequestHead& head, const RequestPolicy& policy) {
  if (auto refusal = check_origin(head, policy.port)) return *refusal;
  const Target target = split_target(head.target);
  const QueryToken query = read_query(target.query, *policy.token);
  const Route* route = find_route(*policy.routes, target.service);
  const std::string service = route != nullptr ? route->service : std::string{};

  switch (check_token(head, target, query, policy)) {
    case TokenCheck::kMissing:
      return refuse(401, Reason::MissingToken, "token_missing",
                    "the request carries no session token", service);
    case TokenCheck::kBad:
      return refuse(401, Reason::BadToken, "token_wrong",
                    "the session token is not the one of this session", service);
    case TokenCheck::kGood:
      break;
  }
  if (route == nullptr) {
    return refuse(404, Reason::NoRoute, "no_route", "no service of that name is configured");
  }
  if (route->consent == Consent::kNeeded) {
    return refuse(403, Reason::RouteNotAccepted, "route_not_accepted",
                  "nobody has accepted this route of the project's configuration", service);
  }

  // Right where the token belongs it is ours and is taken out, whichever channel let it in.
  const bool own_token = target.token && policy.token->matches(*target.token);
  std::string path(own_token ? target.rest_after_token : target.rest);
  if (path.empty()) path = "/";
  if (path.starts_with("//") || !is_path(path) || !is_query(query.rest)) {
    Refusal refusal = bad_request("the path could be read in more than one way");
    refusal.service = service;
    return refusal;
  }

  Forward forward;
  forward.route = route;
  forward.method = std::string(head.method);
  forward.framing = head.framing;
  forward.target = path;
  if (target.has_query && (!query.rest.empty() || !query.good)) forward.target += "?" + query.rest;
  forward.path = std::move(path);
  forward.foreign_placeholders = placeholders_in(forward.target);
  forward.fields.reserve(512);
  for (const HeaderField& field : head.fields) {
    if (equals_ignoring_case(field.name, "expect")) {
      if (!equals_ignoring_case(field.value, "100-continue")) {
        return refuse(417, Reason::BadRequest, "expectation_failed",
                      "only 100-continue can be expected", service);
      }
      forward.expects_continue = head.minor_version == 1;
    }
    if (is_hop_by_hop(field.name, head.fields) || is_written_by_proxy(field.name, *route)) continue;
    forward.foreign_placeholders += placeholders_in(field.value);
    append_field(forward.fields, field.name, field.value);
  }
  return forward;
}

Result<std::string> upstream_head(const Forward& forward, std::string_view secret) {
  const Route& route = *forward.route;
  if (secret.empty() || !is_field_value(secret)) {
    return Error{Code::kInvalid, "the value of " + route.secret_name + " cannot stand in a header",
                 "store it again with `phantom add " + route.secret_name + "`"};
  }
  const std::size_t at = route.header_format.find("{secret}");
  PH_CHECK(at != std::string::npos, "a header format without {secret}");
  std::string head;
  // Room for all of it at once: growing would leave copies of the secret in freed memory.
  head.reserve(forward.method.size() + forward.target.size() + forward.fields.size() +
               secret.size() + route.header.size() + route.header_format.size() +
               route.host.size() + 256);
  head.append(forward.method).append(" ").append(forward.target).append(" HTTP/1.1\r\n");
  append_field(head, "Host", route.authority());
  head.append(route.header).append(": ");
  head.append(route.header_format, 0, at).append(secret);
  head.append(route.header_format, at + 8).append("\r\n");
  head.append(forward.fields);
  append_framing(head, forward.framing);
  head.append("\r\n");
  return head;
}

Refusal refusal_of(const Error& error) {
  if (error.code == Code::kLimit) {
    return refuse(431, Reason::TooLarge, "head_too_large", error.message);
  }
  if (error.code == Code::kUnsupported) {
    return refuse(501, Reason::BadRequest, "not_supported", error.message);
  }
  return bad_request(error.message);
}

std::string error_body(std::string_view code, std::string_view message) {
  const boost::json::value body = {{"error", {{"code", code}, {"message", message}}}, {"v", 1}};
  return boost::json::serialize(body) + "\n";
}

std::string path_template(std::string_view path) {
  constexpr unsigned kSegmentsMax = 16;
  std::string out;
  unsigned count = 0;
  for_each_segment(path, [&](std::string_view segment) {
    if (++count > kSegmentsMax) return;
    out += '/';
    if (count == kSegmentsMax) {
      out += "...";
    } else if (segment.empty() || is_word(segment) || is_version(segment)) {
      out += segment;
    } else {
      out += "{id}";
      const std::size_t colon = segment.rfind(':');
      if (colon != std::string_view::npos && is_custom_method(segment.substr(colon + 1))) {
        out += segment.substr(colon);
      }
    }
  });
  return out.empty() ? "/" : out;
}

}  // namespace phantom
