// Property: a head ends at the same place however it arrives, and a request or response that parses
// has one framing, which its fields still give when they are written out again.

#include "proxy/http_head.h"
#include "tests/fuzz/fuzz.h"

#include <vector>

// The first byte is the length of a list of piece sizes, the rest what came from the connection.

namespace phantom::fuzz {
namespace {

Result<std::size_t> scan(std::string_view bytes, ByteView sizes) {
  std::size_t scanned = 0;
  std::size_t have = 0;
  for (std::size_t turn = 0; have < bytes.size(); ++turn) {
    const std::size_t step = sizes.empty() ? bytes.size() : 1 + sizes[turn % sizes.size()];
    have = std::min(bytes.size(), have + step);
    auto end = scan_head(bytes.substr(0, have), scanned);
    if (!end.ok() || *end != 0) return end;
    PH_CHECK(scanned <= have, "scanned past the end");
  }
  return std::size_t{0};
}

void check_fields(const std::vector<HeaderField>& fields, const Framing& framing) {
  PH_CHECK(fields.size() <= kHeadFieldsMax, "too many fields");
  std::size_t lengths = 0;
  std::size_t codings = 0;
  for (const HeaderField& field : fields) {
    PH_CHECK(is_token(field.name) && is_field_value(field.value), "a field that splits a head");
    if (same_header(field.name, "content-length") && field.name.find('_') == std::string::npos) {
      ++lengths;
    }
    if (equals_ignoring_case(field.name, "transfer-encoding")) ++codings;
  }
  PH_CHECK(lengths + codings <= 1, "two ways to read where the body ends");
  PH_CHECK(framing.kind != BodyKind::kChunked || codings == 1, "chunked by nobody's word");
  PH_CHECK(framing.kind != BodyKind::kLength || lengths == 1, "a length by nobody's word");
}

std::string written(std::string first_line, const std::vector<HeaderField>& fields) {
  first_line += "\r\n";
  for (const HeaderField& field : fields) append_field(first_line, field.name, field.value);
  return first_line + "\r\n";
}

template <class Head>
bool same(const Head& a, const Head& b) {
  const auto equal = [](const HeaderField& x, const HeaderField& y) {
    return x.name == y.name && x.value == y.value;
  };
  return a.minor_version == b.minor_version && a.framing.kind == b.framing.kind &&
         a.framing.length == b.framing.length && a.persistence == b.persistence &&
         std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end(), equal);
}

void check_whole(const std::string& head) {
  std::size_t scanned = 0;
  const auto end = scan_head(head, scanned);
  PH_CHECK(end.ok() && *end == head.size(), "a written head does not end where it should");
}

void check_request(std::string_view head) {
  const auto request = parse_request_head(head);
  if (!request.ok()) return;
  check_fields(request->fields, request->framing);
  PH_CHECK(request->framing.kind != BodyKind::kUntilClose, "a request without an end");
  PH_CHECK(request->target.starts_with('/') && request->target.find(' ') == std::string::npos,
           "a target that is no path");
  std::string line(request->method);
  line.append(" ").append(request->target).append(" HTTP/1.");
  line += static_cast<char>('0' + request->minor_version);
  const std::string text = written(line, request->fields);
  if (text.size() > kHeadBytesMax) return;
  check_whole(text);
  const auto again = parse_request_head(text);
  PH_CHECK(again.ok() && again->method == request->method && again->target == request->target &&
               same(*again, *request),
           "a request does not read back");
  const auto response = parse_response_head(head, "GET");
  PH_CHECK(!response.ok(), "a request passes for a response");
}

void check_response(std::string_view head) {
  const auto response = parse_response_head(head, "GET");
  if (!response.ok()) return;
  check_fields(response->fields, response->framing);
  PH_CHECK(response->status >= 100 && response->status <= 999, "status");
  const auto to_head = parse_response_head(head, "HEAD");
  PH_CHECK(to_head.ok() && to_head->framing.kind == BodyKind::kNone, "HEAD is answered by a body");
  std::string line("HTTP/1.");
  line += static_cast<char>('0' + response->minor_version);
  line.append(" ").append(std::to_string(response->status)).append(" ").append(response->reason);
  const std::string text = written(line, response->fields);
  if (text.size() > kHeadBytesMax) return;
  check_whole(text);
  const auto again = parse_response_head(text, "GET");
  PH_CHECK(again.ok() && again->status == response->status && again->reason == response->reason &&
               same(*again, *response),
           "a response does not read back");
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  fuzz::Choices choices({data, size});
  const ByteView sizes = choices.take(choices.u8() % 16);
  const std::string_view bytes = as_text(choices.rest());
  const auto whole = fuzz::scan(bytes, {});
  const auto pieces = fuzz::scan(bytes, sizes);
  PH_CHECK(whole.ok() == pieces.ok() || (pieces.ok() && *pieces != 0), "it depends on the cutting");
  PH_CHECK(!whole.ok() || (pieces.ok() && *whole == *pieces), "another end of the head");
  if (!whole.ok() || *whole == 0) return 0;
  PH_CHECK(*whole <= kHeadBytesMax, "larger than a head may be");
  const std::string_view head = bytes.substr(0, *whole);
  PH_CHECK(head.ends_with("\r\n\r\n"), "no blank line");
  PH_CHECK(head.find("\r\n\r\n") == head.size() - 4, "a blank line before the end");
  fuzz::check_request(head);
  fuzz::check_response(head);
  return 0;
}
