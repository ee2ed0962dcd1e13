#pragma once
// HTTP/1.1 heads, read strictly: what two programs could read in two ways is refused. Pure.
//
// A parsed head is a view; the bytes it was parsed from must outlive it.

#include "events/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::size_t kHeadBytesMax = 64 * 1024;
inline constexpr std::size_t kHeadFieldsMax = 100;

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

enum class BodyKind { kNone, kLength, kChunked, kUntilClose };

struct Framing {
  BodyKind kind = BodyKind::kNone;
  std::uint64_t length = 0;
};

enum class Persistence { kKeepAlive, kClose };

struct RequestHead {
  std::string_view method;
  std::string_view target;  // origin form
  int minor_version = 1;
  std::vector<HeaderField> fields;
  Framing framing;
  Persistence persistence = Persistence::kKeepAlive;
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  int minor_version = 1;
  std::vector<HeaderField> fields;
  Framing framing;
  Persistence persistence = Persistence::kKeepAlive;
};

// Size of the head at the start of `bytes` with its blank line, or 0 while it is incomplete.
// `scanned` carries on where the last call stopped; start with 0. kInvalid: a line end that is not
// CRLF, or a control character. kLimit: longer than kHeadBytesMax.
Result<std::size_t> scan_head(std::string_view bytes, std::size_t& scanned);

// `head` is what scan_head delimited. kInvalid: refuse with 400. kLimit: 431. kUnsupported: 501.
Result<RequestHead> parse_request_head(std::string_view head);
// `method` of the request it answers: decides whether a body follows.
Result<ResponseHead> parse_response_head(std::string_view head, std::string_view method);

// ASCII only.
bool equals_ignoring_case(std::string_view a, std::string_view b);
// Also treats `_` as `-`: many servers do, so a copy spelled that way is a copy.
bool same_header(std::string_view a, std::string_view b);
bool is_token(std::string_view text);
bool is_field_value(std::string_view text);
// Calls `visit` with each element of a comma-separated list.
template <class Visit>
void for_each_element(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (!item.empty()) visit(item);
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
}

// True for fields that concern one connection only, wherever they come from.
bool is_hop_by_hop(std::string_view name);
// The same, and also those that the head's own Connection fields name.
bool is_hop_by_hop(std::string_view name, const std::vector<HeaderField>& fields);

void append_field(std::string& head, std::string_view name, std::string_view value);
void append_framing(std::string& head, const Framing& framing);

}  // namespace phantom
