// Property: whatever a client sends, each answer is one JSON text on one line, of bounded length,
// and an id is answered once. JSON that parses has a canonical form that is its own canonical form.

#include "proxy/jcs.h"
#include "proxy/mcp_protocol.h"
#include "tests/fuzz/fuzz.h"

// The input's lines, one message each. The whole of it is also taken for one JSON value.

namespace phantom::fuzz {
namespace {

constexpr std::size_t kMessagesMax = 32;

const std::vector<McpToolInfo>& tools() {
  static const std::vector<McpToolInfo> listed = [] {
    McpToolInfo tool;
    tool.name = "phantom_status";
    tool.input_schema = tool.output_schema = JsonValue::object();
    return std::vector<McpToolInfo>(5, tool);
  }();
  return listed;
}

void check_json(std::string_view text) {
  const auto value = parse_json(text);
  if (!value.ok()) return;
  const auto again = parse_json(to_json(*value));
  PH_CHECK(again.ok() && *again == *value, "what is written is not what was read");
  const auto canonical = canonical_json(*value);
  if (!canonical.ok()) return;
  const auto back = parse_json(*canonical);
  PH_CHECK(back.ok() && *back == *value, "the canonical form means something else");
  const auto once_more = canonical_json(*back);
  // 1e20 is written without an exponent, and a whole number of that size is then refused.
  PH_CHECK(!once_more.ok() || *once_more == *canonical, "two canonical forms of one value");
}

void check_line(std::string_view line) {
  PH_CHECK(line.find_first_of("\r\n") == std::string_view::npos, "an answer of two lines");
  PH_CHECK(line.size() < 16'384, "an answer without bound");
  const auto value = parse_json(line);
  PH_CHECK(value.ok() && value->is_object(), "an answer that is no message");
}

void converse(std::string_view text) {
  McpPeer peer(tools(), 2);
  for (std::size_t i = 0; i < kMessagesMax && !text.empty(); ++i) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const McpStep step = peer.take(line);
    for (const std::string& message : step.send) check_line(message);
    PH_CHECK((step.error != 0) ==
                 (step.send.size() == 1 && step.send[0].find("\"error\":") != std::string::npos),
             "an error that is not said");
    if (!step.call) continue;
    PH_CHECK(peer.in_flight(step.call->id), "a call nobody waits for");
    McpResult result;
    result.text = step.call->tool;
    check_line(mcp_answer(*step.call, result));
    if (step.call->progress_token) check_line(mcp_progress(*step.call, 1, 2, "events"));
    if (i % 2 == 0) PH_CHECK(peer.finish(step.call->id), "it was not cancelled");
  }
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = phantom::as_text({data, size});
  phantom::fuzz::check_json(text);
  phantom::fuzz::converse(text);
  return 0;
}
