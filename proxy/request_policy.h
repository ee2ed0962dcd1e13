#pragma once
// May this request go out, where to, and with what in it? Pure.

#include "events/draft.h"
#include "events/random.h"
#include "proxy/http_head.h"
#include "proxy/services.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace phantom {

inline constexpr std::string_view kProxyTokenHeader = "x-phantom-proxy-token";

// Ways to present the session token besides the header, which always works.
struct TokenChannels {
  bool path = true;    // off with PHANTOM_PROXY_HEADER_AUTH_ONLY=1
  bool query = false;  // on with PHANTOM_PROXY_ALLOW_QUERY_TOKEN=1

  std::vector<std::string> names() const;  // as session.started lists them
};
// From the values of those two variables; null when unset. On for 1, true, yes, on.
TokenChannels token_channels(const char* header_auth_only, const char* allow_query_token);

// 256 random bits in lower-case hex. Held in memory only.
class SessionToken {
 public:
  static SessionToken random(Random& random);
  explicit SessionToken(std::string text);

  const std::string& text() const { return text_; }
  // Takes the same time for every wrong value of one length.
  bool matches(std::string_view candidate) const;

 private:
  std::string text_;
  Digest digest_{};
};

struct RequestPolicy {
  const std::vector<Route>* routes = nullptr;
  const SessionToken* token = nullptr;
  TokenChannels channels;
  std::uint16_t port = 0;  // the proxy's own
};

// A request that may go. Everything the upstream gets but the secret.
struct Forward {
  const Route* route = nullptr;
  std::string method;
  std::string path;    // as it is sent
  std::string target;  // path and query, as it is sent
  std::string fields;  // serialised header fields, without Host, framing and the injected one
  Framing framing;
  std::uint32_t foreign_placeholders = 0;
  bool expects_continue = false;
};

struct Refusal {
  int status = 400;
  Reason reason = Reason::BadRequest;
  std::string code;              // for programs
  std::string message;           // one sentence; never carries text of the request
  std::string service;           // when the request named a known one
  std::string secret_name = {};  // when the refusal is about one
};

using Decision = std::variant<Forward, Refusal>;

Decision decide(const RequestHead& head, const RequestPolicy& policy);

// The upstream's head: request line, Host, the injected field, the fields of `forward`, framing.
// Holds the secret: wipe it after use. kInvalid when the value cannot stand in a header.
Result<std::string> upstream_head(const Forward& forward, std::string_view secret);

// Refusal for a head that does not parse.
Refusal refusal_of(const Error& error);

// {"error":{"code":...,"message":...},"v":1}
std::string error_body(std::string_view code, std::string_view message);

// A path with every segment that could be an identifier replaced by {id}.
std::string path_template(std::string_view path);

}  // namespace phantom
