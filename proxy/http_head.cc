#include "proxy/http_head.h"

#include "events/encoding.h"

#include <algorithm>
#include <array>
#include <optional>

namespace phantom {
namespace {

constexpr std::array<bool, 256> token_table() {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = token_table();
constexpr std::size_t kMethodBytesMax = 32;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

Error bad(const char* message) { return Error{Code::kInvalid, message}; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the line at the front of `head`, without its CRLF; scan_head has checked the line ends.
std::string_view take_line(std::string_view& head) {
  const std::size_t end = head.find("\r\n");
  const std::string_view line = head.substr(0, end);
  head.remove_prefix(end + 2);
  return line;
}

Result<int> parse_version(std::string_view text) {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  return bad("the protocol is not HTTP/1.1");
}

Status parse_fields(std::string_view rest, std::vector<HeaderField>& fields) {
  fields.reserve(16);
  for (;;) {
    const std::string_view line = take_line(rest);
    if (line.empty()) return {};
    if (line.front() == ' ' || line.front() == '\t') return bad("a header line is folded");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return bad("a header line has no colon");
    const std::string_view name = line.substr(0, colon);
    if (!is_token(name)) return bad("a header name is not a token");
    if (fields.size() == kHeadFieldsMax) return Error{Code::kLimit, "there are too many headers"};
    fields.push_back({name, trim(line.substr(colon + 1))});
  }
}

struct MessageFields {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool closes = false;
  bool keeps = false;
  unsigned hosts = 0;
};

Result<MessageFields> read_fields(const std::vector<HeaderField>& fields) {
  MessageFields seen;
  for (const HeaderField& field : fields) {
    if (equals_ignoring_case(field.name, "content-length")) {
      if (seen.content_length) return bad("Content-Length is given twice");
      seen.content_length = parse_decimal(field.value);
      if (!seen.content_length) return bad("Content-Length is not a number");
    } else if (equals_ignoring_case(field.name, "transfer-encoding")) {
      if (seen.chunked) return bad("Transfer-Encoding is given twice");
      if (!equals_ignoring_case(field.value, "chunked")) {
        return Error{Code::kUnsupported, "a Transfer-Encoding other than chunked is not supported"};
      }
      seen.chunked = true;
    } else if (equals_ignoring_case(field.name, "connection")) {
      for_each_element(field.value, [&seen](std::string_view item) {
        if (equals_ignoring_case(item, "close")) seen.closes = true;
        if (equals_ignoring_case(item, "keep-alive")) seen.keeps = true;
      });
    } else if (equals_ignoring_case(field.name, "host")) {
      ++seen.hosts;
    }
  }
  if (seen.chunked && seen.content_length) {
    return bad("Content-Length and Transfer-Encoding are both given");
  }
  return seen;
}

Persistence persistence_of(const MessageFields& seen, int minor_version) {
  if (seen.closes) return Persistence::kClose;
  if (minor_version == 0 && !seen.keeps) return Persistence::kClose;
  return Persistence::kKeepAlive;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

bool same_header(std::string_view a, std::string_view b) {
  const auto fold = [](char c) { return c == '_' ? '-' : lower(c); };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return fold(x) == fold(y); });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return kToken[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), is_control);
}

Result<std::size_t> scan_head(std::string_view bytes, std::size_t& scanned) {
  const std::size_t end = std::min(bytes.size(), kHeadBytesMax);
  for (std::size_t i = scanned; i < end; ++i) {
    const char c = bytes[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) continue;
    if (c == '\t') continue;
    if (c == '\r') {
      if (i + 1 == bytes.size()) {
        scanned = i;
        return std::size_t{0};
      }
      if (bytes[i + 1] != '\n') return bad("a carriage return stands alone");
      continue;
    }
    if (c != '\n') return bad("the head has a control character in it");
    if (i == 0 || bytes[i - 1] != '\r') return bad("a line does not end in CRLF");
    if (i >= 3 && bytes[i - 2] == '\n') {
      scanned = 0;
      return i + 1;
    }
  }
  if (bytes.size() >= kHeadBytesMax) return Error{Code::kLimit, "the head is larger than 64 KiB"};
  scanned = end;
  return std::size_t{0};
}

Result<RequestHead> parse_request_head(std::string_view head) {
  RequestHead request;
  const std::string_view line = take_line(head);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return bad("the request line is incomplete");
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  PH_ASSIGN(request.minor_version, parse_version(line.substr(last + 1)));
  if (!is_token(request.method) || request.method.size() > kMethodBytesMax) {
    return bad("the method is not a token");
  }
  if (request.method == "CONNECT" || request.method == "TRACE") {
    return Error{Code::kUnsupported, "CONNECT and TRACE are not served"};
  }
  if (request.target.empty() || request.target.front() != '/') {
    return bad("the request target is not a path");
  }
  if (request.target.find_first_of(" \t") != std::string_view::npos) {
    return bad("the request target has a space in it");
  }
  PH_TRY(parse_fields(head, request.fields));
  PH_ASSIGN(const MessageFields seen, read_fields(request.fields));
  if (seen.hosts > 1) return bad("Host is given twice");
  if (seen.hosts == 0) return bad("Host is missing");
  if (seen.chunked && request.minor_version == 0) return bad("HTTP/1.0 has no chunked bodies");
  if (seen.chunked) {
    request.framing.kind = BodyKind::kChunked;
  } else if (seen.content_length) {
    request.framing = {BodyKind::kLength, *seen.content_length};
  }
  request.persistence = persistence_of(seen, request.minor_version);
  return request;
}

Result<ResponseHead> parse_response_head(std::string_view head, std::string_view method) {
  ResponseHead response;
  const std::string_view line = take_line(head);
  PH_ASSIGN(response.minor_version, parse_version(line.substr(0, 8)));
  const std::string_view rest = line.size() > 8 ? line.substr(8) : std::string_view{};
  const auto digit = [&rest](std::size_t i) { return rest[i] >= '0' && rest[i] <= '9'; };
  if (rest.size() < 4 || rest[0] != ' ' || !digit(1) || !digit(2) || !digit(3) || rest[1] == '0' ||
      (rest.size() > 4 && rest[4] != ' ')) {
    return bad("the status line is malformed");
  }
  response.status = (rest[1] - '0') * 100 + (rest[2] - '0') * 10 + (rest[3] - '0');
  response.reason = rest.size() > 5 ? rest.substr(5) : std::string_view{};
  PH_TRY(parse_fields(head, response.fields));
  PH_ASSIGN(const MessageFields seen, read_fields(response.fields));
  if (seen.chunked && response.minor_version == 0) return bad("HTTP/1.0 has no chunked bodies");
  response.persistence = persistence_of(seen, response.minor_version);
  if (response.status < 200 || response.status == 204 || response.status == 304 ||
      method == "HEAD") {
    response.framing.kind = BodyKind::kNone;
    // Of a body that is not sent, the stated length is information and is passed on.
    if (seen.content_length) response.framing.length = *seen.content_length;
  } else if (seen.chunked) {
    response.framing.kind = BodyKind::kChunked;
  } else if (seen.content_length) {
    response.framing = {BodyKind::kLength, *seen.content_length};
  } else {
    response.framing.kind = BodyKind::kUntilClose;
    response.persistence = Persistence::kClose;
  }
  return response;
}

bool is_hop_by_hop(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames = {"connection",
                                                             "keep-alive",
                                                             "proxy-connection",
                                                             "proxy-authenticate",
                                                             "proxy-authorization",
                                                             "te",
                                                             "trailer",
                                                             "transfer-encoding",
                                                             "upgrade"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [name](std::string_view known) { return equals_ignoring_case(name, known); });
}

bool is_hop_by_hop(std::string_view name, const std::vector<HeaderField>& fields) {
  if (is_hop_by_hop(name)) return true;
  for (const HeaderField& field : fields) {
    if (!equals_ignoring_case(field.name, "connection")) continue;
    bool named = false;
    for_each_element(field.value, [&](std::string_view item) {
      named = named || equals_ignoring_case(item, name);
    });
    if (named) return true;
  }
  return false;
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

void append_framing(std::string& head, const Framing& framing) {
  if (framing.kind == BodyKind::kChunked) append_field(head, "Transfer-Encoding", "chunked");
  if (framing.kind == BodyKind::kLength) {
    append_field(head, "Content-Length", std::to_string(framing.length));
  }
}

}  // namespace phantom
