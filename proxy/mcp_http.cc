#include "proxy/mcp_http.h"

#include "events/encoding.h"

#include <sodium.h>

#include <algorithm>

namespace phantom {
namespace {

constexpr char kVersionField[] = "MCP-Protocol-Version";
constexpr char kSessionField[] = "Mcp-Session-Id";
constexpr char kMethodField[] = "Mcp-Method";
constexpr char kNameField[] = "Mcp-Name";
constexpr char kVersionKey[] = "io.modelcontextprotocol/protocolVersion";
// Two of one of these could be read in two ways.
constexpr const char* kOnce[] = {"Host",        "Origin",      "Authorization", "Content-Type",
                                 kVersionField, kSessionField, kMethodField,    kNameField};

McpHttpRefusal refusal(int status, int code, std::string_view message,
                       const JsonValue* id = nullptr, const JsonValue* data = nullptr) {
  return {status, mcp_error(id, code, message, data), ""};
}

McpHttpRefusal refusal(int status, std::string_view message, std::string field = "") {
  McpHttpRefusal refused = refusal(status, kMcpInvalidRequest, message);
  refused.field = std::move(field);
  return refused;
}

std::optional<std::string_view> field_of(const RequestHead& head, std::string_view name) {
  for (const HeaderField& field : head.fields) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

bool is_ours(std::string_view host, const McpDoor& door) {
  const std::string port = door.address.substr(door.address.rfind(':'));
  return equals_ignoring_case(host, door.address) || equals_ignoring_case(host, "localhost" + port);
}

bool has_token(std::string_view authorization, const std::string& token) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() < kScheme.size() ||
      !equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return false;
  }
  const std::string_view given = authorization.substr(kScheme.size());
  return !token.empty() && given.size() == token.size() &&
         sodium_memcmp(given.data(), token.data(), token.size()) == 0;
}

bool is_json(std::string_view type) {
  std::string_view plain = type.substr(0, type.find(';'));
  while (plain.ends_with(' ')) plain.remove_suffix(1);
  return equals_ignoring_case(plain, "application/json");
}

bool accepts(const RequestHead& head, std::string_view type) {
  bool found = false;
  for (const HeaderField& field : head.fields) {
    if (!equals_ignoring_case(field.name, "Accept")) continue;
    for_each_element(field.value, [&](std::string_view each) {
      std::string_view plain = each.substr(0, each.find(';'));
      while (plain.ends_with(' ')) plain.remove_suffix(1);
      found = found || equals_ignoring_case(plain, type) || plain == "*/*" ||
              equals_ignoring_case(plain, std::string(type.substr(0, type.find('/'))) + "/*");
    });
  }
  return found;
}

// The text a field stands for: as it is, or between the marks of the form for other characters.
std::optional<std::string> decoded(std::string_view value) {
  constexpr std::string_view kBegin = "=?base64?";
  constexpr std::string_view kEnd = "?=";
  if (!value.starts_with(kBegin) || !value.ends_with(kEnd) ||
      value.size() < kBegin.size() + kEnd.size()) {
    return std::string(value);
  }
  const auto bytes =
      from_base64(value.substr(kBegin.size(), value.size() - kBegin.size() - kEnd.size()));
  if (!bytes) return std::nullopt;
  return std::string(bytes->begin(), bytes->end());
}

McpHttpRefusal unsupported(std::string_view asked, const JsonValue* id) {
  JsonValue supported = JsonValue::list();
  for (const McpRevision each :
       {McpRevision::k20260728, McpRevision::k20251125, McpRevision::k20250618}) {
    supported.items.push_back(JsonValue::of_text(revision_name(each)));
  }
  const JsonValue data = JsonValue::object(
      {{"supported", supported}, {"requested", JsonValue::of_text(asked.substr(0, 32))}});
  return refusal(400, kMcpUnsupportedVersion, "Unsupported protocol version", id, &data);
}

// What 2026-07-28 wants said twice.
std::optional<McpHttpRefusal> compare(const RequestHead& head, const JsonValue& message,
                                      const std::string* body_version) {
  const JsonValue* id = message.find("id");
  const auto mismatch = [id](const char* text) {
    return refusal(400, kMcpHeaderMismatch, text, id);
  };
  const auto version = field_of(head, kVersionField);
  if (!version) return mismatch("the header MCP-Protocol-Version is missing");
  if (body_version == nullptr || *version != *body_version) {
    return mismatch("MCP-Protocol-Version is not the protocol version in _meta");
  }
  if (!read_revision(*version)) return unsupported(*version, id);
  const std::string* method = message.find_text("method");
  const auto said_method = field_of(head, kMethodField);
  if (!said_method) return mismatch("the header Mcp-Method is missing");
  if (method == nullptr || decoded(*said_method) != *method) {
    return mismatch("Mcp-Method is not the method of the message");
  }
  if (*method != "tools/call") return std::nullopt;
  const JsonValue* params = message.find("params");
  const std::string* name = params != nullptr ? params->find_text("name") : nullptr;
  const auto said_name = field_of(head, kNameField);
  if (!said_name) return mismatch("the header Mcp-Name is missing");
  if (name == nullptr || decoded(*said_name) != *name) {
    return mismatch("Mcp-Name is not the name of the tool");
  }
  return std::nullopt;
}

McpHttpRoute refused(McpHttpRefusal refusal) {
  return {McpHttpRoute::To::kRefused, std::move(refusal), "", ""};
}

}  // namespace

std::optional<McpHttpRefusal> judge_http_request(const RequestHead& head, const McpDoor& door) {
  for (const char* name : kOnce) {
    const auto same = [name](const HeaderField& field) { return same_header(field.name, name); };
    if (std::count_if(head.fields.begin(), head.fields.end(), same) > 1) {
      return refusal(400, std::string("the header ") + name + " is there twice");
    }
  }
  const auto host = field_of(head, "Host");
  if (!host || !is_ours(*host, door)) return refusal(403, "Host is not this server");
  if (const auto origin = field_of(head, "Origin")) {
    constexpr std::string_view kScheme = "http://";
    if (!origin->starts_with(kScheme) || !is_ours(origin->substr(kScheme.size()), door)) {
      return refusal(403, "no web page may call this server");
    }
  }
  const auto authorization = field_of(head, "Authorization");
  if (!authorization || !has_token(*authorization, door.token)) {
    return refusal(401, "the token is missing or wrong: see the file phantom named at its start",
                   "WWW-Authenticate: Bearer");
  }
  if (head.target != kMcpPath) return refusal(404, "there is only /mcp");
  if (head.method != "POST" && head.method != "DELETE") {
    return refusal(405, "POST a message; there is no stream to GET", "Allow: POST, DELETE");
  }
  if (field_of(head, "Expect") || field_of(head, "Content-Encoding")) {
    return refusal(417, "neither Expect nor Content-Encoding is done here");
  }
  if (head.framing.kind == BodyKind::kChunked) return refusal(411, "say Content-Length");
  if (head.method == "DELETE") {
    if (head.framing.kind != BodyKind::kNone && head.framing.length > 0) {
      return refusal(400, "a DELETE has no body");
    }
    if (!field_of(head, kSessionField)) return refusal(400, "say which session: Mcp-Session-Id");
    return std::nullopt;
  }
  if (head.framing.kind != BodyKind::kLength) return refusal(411, "say Content-Length");
  if (head.framing.length > kMcpMessageBytesMax) return refusal(413, "the message is too long");
  const auto type = field_of(head, "Content-Type");
  if (!type || !is_json(*type)) return refusal(415, "a message is application/json");
  if (!accepts(head, "application/json") || !accepts(head, "text/event-stream")) {
    return refusal(406, "accept both application/json and text/event-stream");
  }
  return std::nullopt;
}

McpHttpRoute route_mcp_message(const RequestHead& head, std::string_view body) {
  using To = McpHttpRoute::To;
  const auto parsed =
      parse_json(body, {.bytes_max = kMcpMessageBytesMax, .depth_max = 32, .values_max = 20'000});
  if (!parsed.ok()) {
    const bool beyond = parsed.error().code == Code::kLimit;
    return refused(
        refusal(400, beyond ? kMcpInvalidRequest : kMcpParseError, parsed.error().message));
  }
  const JsonValue& message = *parsed;
  if (!message.is_object()) {
    return refused(refusal(400, "one message at a time, and no batches"));
  }
  const JsonValue* id = message.find("id");
  const std::string* method = message.find_text("method");
  const JsonValue* params = message.find("params");
  const JsonValue* meta = params != nullptr ? params->find("_meta") : nullptr;
  const JsonValue* body_version = meta != nullptr ? meta->find(kVersionKey) : nullptr;
  const auto version = field_of(head, kVersionField);
  const auto session = field_of(head, kSessionField);
  const bool stateless =
      body_version != nullptr || (version && read_revision(*version) == McpRevision::k20260728);
  if (stateless) {
    if (method == nullptr) return refused(refusal(400, "there is no method"));
    // That revision says nothing of the headers of a notification.
    if (id != nullptr) {
      const std::string* said =
          body_version != nullptr && body_version->is_text() ? &body_version->text : nullptr;
      if (auto differs = compare(head, message, said)) return refused(std::move(*differs));
    }
    return {To::kStateless, {}, "", ""};
  }
  if (version && !read_revision(*version)) return refused(unsupported(*version, id));
  if (session) {
    return {To::kSession, {}, std::string(*session), std::string(version.value_or(""))};
  }
  if (method != nullptr && *method == "initialize" && id != nullptr)
    return {To::kNewSession, {}, "", ""};
  return refused(
      refusal(400, kMcpInvalidRequest,
              "say initialize first and then its Mcp-Session-Id, or MCP-Protocol-Version with each "
              "request",
              id));
}

int mcp_http_status(McpHttpRoute::To to, int code) {
  // A client of a session takes 404 for the end of the session.
  if (to != McpHttpRoute::To::kStateless) {
    return code == kMcpParseError || (code != 0 && to == McpHttpRoute::To::kNewSession) ? 400 : 200;
  }
  switch (code) {
    case kMcpMethodNotFound:
      return 404;
    case kMcpParseError:
    case kMcpInvalidRequest:
    case kMcpInvalidParams:
    case kMcpHeaderMismatch:
    case kMcpUnsupportedVersion:
      return 400;
    default:
      return 200;
  }
}

std::string mcp_status_line(int status) {
  struct Reason {
    int status;
    const char* text;
  };
  constexpr Reason kReasons[] = {{200, "OK"},
                                 {202, "Accepted"},
                                 {204, "No Content"},
                                 {400, "Bad Request"},
                                 {401, "Unauthorized"},
                                 {403, "Forbidden"},
                                 {404, "Not Found"},
                                 {405, "Method Not Allowed"},
                                 {406, "Not Acceptable"},
                                 {408, "Request Timeout"},
                                 {411, "Length Required"},
                                 {413, "Content Too Large"},
                                 {415, "Unsupported Media Type"},
                                 {417, "Expectation Failed"},
                                 {431, "Request Header Fields Too Large"},
                                 {501, "Not Implemented"},
                                 {503, "Service Unavailable"}};
  for (const Reason& each : kReasons) {
    if (each.status == status) return std::to_string(status) + " " + each.text;
  }
  return "500 Internal Server Error";
}

std::string mcp_stream_event(std::string_view message) {
  return "event: message\ndata: " + std::string(message) + "\n\n";
}

}  // namespace phantom
