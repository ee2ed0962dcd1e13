#include "cli/mcp_answer.h"

#include "events/clock.h"
#include "events/encoding.h"
#include "proxy/json_schema.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr JsonLimits kAnswerLimits{.bytes_max = 2 << 20, .depth_max = 64, .values_max = 200'000};

McpResult answer(JsonValue structured, std::string text) {
  McpResult result;
  result.text = std::move(text);
  result.structured = std::move(structured);
  return result;
}

Result<JsonValue> read_lines(std::string_view output) {
  JsonValue events = JsonValue::list();
  while (!output.empty()) {
    const std::size_t end = std::min(output.find('\n'), output.size());
    PH_ASSIGN(JsonValue event, parse_json(output.substr(0, end), kAnswerLimits));
    events.items.push_back(std::move(event));
    output.remove_prefix(std::min(output.size(), end + 1));
  }
  return JsonValue::object({{"v", JsonValue::of_integer(1)}, {"events", std::move(events)}});
}

// What the command itself answers: inside "result" for a tool that needs an approval.
const JsonValue& answer_schema_of(const McpTool& tool) {
  if (tool.info.effect == ToolEffect::kRead) return tool.info.output_schema;
  return *tool.info.output_schema.find("properties")->find("result");
}

}  // namespace

McpResult error_result(const Error& error) {
  McpResult result;
  result.kind = McpResult::Kind::kToolError;
  result.text = error.message + (error.hint.empty() ? "" : "\n" + error.hint);
  return result;
}

McpResult advice_result(const std::string& command) {
  JsonValue structured = JsonValue::object({{"v", JsonValue::of_integer(1)},
                                            {"status", JsonValue::of_text("terminal-required")},
                                            {"command", JsonValue::of_text(command)}});
  return answer(std::move(structured),
                "Nothing was done. A person runs this in a terminal of their own, where phantom "
                "asks for the value: " +
                    command);
}

McpResult approval_result(const Approval& approval) {
  const std::string command = "phantom approve " + approval.id;
  JsonValue structured =
      JsonValue::object({{"v", JsonValue::of_integer(1)},
                         {"status", JsonValue::of_text("approval-required")},
                         {"approval", JsonValue::of_text(approval.id)},
                         {"expires", JsonValue::of_text(format_time(approval.expires_ns))},
                         {"command", JsonValue::of_text(command)}});
  return answer(std::move(structured),
                "Nothing was done yet. A person has to look at this call and allow it, in a "
                "terminal of their own, with: " +
                    command + "\nThen call the tool again with the same arguments and approval \"" +
                    approval.id + "\".");
}

McpResult child_result(const McpTool& tool, const Result<ProgramEnd>& end) {
  if (!end.ok()) {
    McpResult result = error_result(end.error());
    if (end.error().code == Code::kClosed) result.code = kCallCancelled;
    if (end.error().code == Code::kLimit) {
      result = error_result({Code::kLimit, "the answer is too long", "ask for less"});
    }
    return result;
  }
  if (std::find(tool.answers.begin(), tool.answers.end(), end->exit_code) == tool.answers.end()) {
    const std::string said =
        end->errors.empty() ? "the command failed without a word" : escape_terminal(end->errors);
    return error_result({Code::kInternal, said});
  }
  auto read = tool.prints == McpTool::Prints::kLines ? read_lines(end->output)
                                                     : parse_json(end->output, kAnswerLimits);
  if (!read.ok()) {
    return error_result({Code::kInternal, "the command's answer cannot be read"});
  }
  if (const Status fits = check_against_schema(answer_schema_of(tool), *read); !fits.ok()) {
    return error_result({Code::kInternal, "the command answered something else than it says: " +
                                              fits.error().message});
  }
  JsonValue structured = std::move(*read);
  if (tool.info.effect == ToolEffect::kEffect) {
    structured = JsonValue::object({{"v", JsonValue::of_integer(1)},
                                    {"status", JsonValue::of_text("done")},
                                    {"result", std::move(structured)}});
  }
  std::string text = to_json(structured);
  return answer(std::move(structured), std::move(text));
}

}  // namespace phantom
