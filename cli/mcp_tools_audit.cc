// Tools that look at the record.

#include "cli/mcp_tool.h"
#include "cli/output.h"

namespace phantom {
namespace {

constexpr char kFilter[] =
    R"("from":{"type":"string","maxLength":40,"description":"From this event number or time on."},
       "to":{"type":"string","maxLength":40,"description":"Up to this event number or time, without it."},
       "type":{"type":"array","maxItems":16,"items":{"type":"string","minLength":1,"maxLength":64},"description":"Types of events, such as proxy.request.completed or secret.*"},
       "session":{"type":"string","maxLength":64},"secret":{"type":"string","maxLength":192,"description":"Name of a secret."},
       "actor":{"type":"string","maxLength":64},
       "outcome":{"enum":["ok","denied","failed","partial"]})";
constexpr std::string_view kFilterNames[] = {"from",   "to",    "type",   "session",
                                             "secret", "actor", "outcome"};

void add_filter(std::vector<std::string>& words, const JsonValue& arguments) {
  for (const std::string_view name : kFilterNames) add_option(words, arguments, name);
}

}  // namespace

void add_audit_tools(std::vector<McpTool>& tools) {
  McpTool show =
      read_tool("phantom_audit_show", "Events",
                "Events of this project in the record, newest last. Looking is recorded too.");
  show.info.input_schema = arguments_schema(
      std::string(kFilter) +
      R"(,"last":{"type":"integer","minimum":1,"maximum":200,"description":"Only the newest ones; 20 if not given."})");
  show.info.output_schema = answer_schema(R"("events":{"type":"array","items":{"type":"object"}})");
  show.prints = McpTool::Prints::kLines;
  show.reach = McpTool::Reach::kProject;
  show.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    std::vector<std::string> words = {"audit", "show", "--json"};
    add_filter(words, arguments);
    const JsonValue* last = arguments.find("last");
    words.push_back("--last=" + (last != nullptr ? last->text : std::string("20")));
    return words;
  };
  tools.push_back(std::move(show));

  McpTool sessions = read_tool("phantom_sessions", "Sessions",
                               "What ran under phantom in this project, newest first: when, who, "
                               "and how it ended.");
  sessions.info.input_schema =
      arguments_schema(R"("last":{"type":"integer","minimum":1,"maximum":200})");
  sessions.info.output_schema =
      answer_schema(R"("sessions":{"type":"array","items":{"type":"object"}})");
  sessions.reach = McpTool::Reach::kProject;
  sessions.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    std::vector<std::string> words = {"sessions", "--json"};
    add_option(words, arguments, "last");
    return words;
  };
  tools.push_back(std::move(sessions));

  McpTool verify = read_tool("phantom_audit_verify", "Verify the record",
                             "Checks that the record is whole and unchanged, and says what that "
                             "means and what was not checked.");
  verify.info.output_schema = answer_schema(
      R"("verdict":{"type":"string"},"exit_code":{"type":"integer"},"rung":{"type":"string"},"checks":{"type":"array"},"events":{"type":"integer"})");
  verify.answers = {kExitOk, kExitFailed, kExitIndeterminate, kExitPolicy};
  verify.command = [](const JsonValue&) {
    return Result<std::vector<std::string>>({"audit", "verify", "--json"});
  };
  tools.push_back(std::move(verify));

  McpTool stats =
      read_tool("phantom_audit_stats", "Counts of events",
                "Counts this project's events by type, outcome, actor, secret used and host.");
  stats.info.input_schema = arguments_schema(kFilter);
  stats.info.output_schema =
      answer_schema(R"("events":{"type":"integer"},"types":{"type":"object"})");
  stats.reach = McpTool::Reach::kProject;
  stats.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    std::vector<std::string> words = {"audit", "stats", "--json"};
    add_filter(words, arguments);
    return words;
  };
  tools.push_back(std::move(stats));

  McpTool uptime = read_tool("phantom_audit_uptime", "When was recorded",
                             "When somebody was there to record, and when not.");
  uptime.info.input_schema = arguments_schema(
      R"("from":{"type":"string","maxLength":40},"to":{"type":"string","maxLength":40})");
  uptime.info.output_schema =
      answer_schema(R"("intervals":{"type":"array"},"totals":{"type":"object"})");
  uptime.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    std::vector<std::string> words = {"audit", "uptime", "--json"};
    add_option(words, arguments, "from");
    add_option(words, arguments, "to");
    return words;
  };
  tools.push_back(std::move(uptime));
}

}  // namespace phantom
