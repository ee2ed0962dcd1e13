#pragma once
// A tool of the MCP server: a command of phantom in other clothes. It is run as a child of the
// server with --json, and what it prints is the answer.
//
// The next tool is an entry in one of the lists below. No tool takes or returns the value of a
// secret: none has a property for one.

#include "proxy/mcp_protocol.h"

#include <functional>
#include <string>
#include <vector>

namespace phantom {

// What a call would touch, for the person who is asked.
struct McpTouched {
  std::vector<std::string> secret_names;  // full (vault/secret_name.h)
  std::vector<std::string> hosts;
  std::string all_of = {};  // or all secrets of this environment
};

struct McpTool {
  McpToolInfo info;
  // The command line after "phantom", of arguments that fit the schema. Words of the arguments
  // only ever stand behind "=" or after "--", so that none can be taken for an option.
  std::function<Result<std::vector<std::string>>(const JsonValue& arguments)> command;
  std::vector<int> answers = {0};  // exit codes that come with an answer on standard output
  enum class Prints { kObject, kLines } prints = Prints::kObject;  // kLines: as "events"
  // kProject: the command gets --project with the id of the project here, so that an agent in one
  // project does not read about another.
  enum class Reach { kAsIs, kProject } reach = Reach::kAsIs;
  std::function<McpTouched(const JsonValue& arguments)> touches = {};
  // For what only works on a terminal: the words a person types there. Nothing is run.
  std::function<std::string(const JsonValue& arguments)> advice = {};
};

// In the order in which they are listed.
std::vector<McpTool> mcp_tools();

// The lists, one file each.
void add_secret_tools(std::vector<McpTool>& tools);
void add_project_tools(std::vector<McpTool>& tools);
void add_audit_tools(std::vector<McpTool>& tools);

// --- for those lists ---

// A schema from its JSON text, which must be right.
JsonValue schema_of(std::string_view json);
// An object with no other properties than `properties`, the inside of a JSON object.
JsonValue arguments_schema(std::string_view properties, std::string_view required = "");
// The answer has at least these.
JsonValue answer_schema(std::string_view properties);
McpTool read_tool(std::string name, std::string title, std::string description);
McpTool effect_tool(std::string name, std::string title, std::string description);

// "--option=TEXT" for each of the arguments that are there: texts, whole numbers, lists of texts
// (one option each), and truths ("--option" when true).
void add_option(std::vector<std::string>& words, const JsonValue& arguments, std::string_view name,
                std::string_view option = "");
// kInvalid: it is no name of a secret.
Result<std::string> secret_argument(const JsonValue& arguments, std::string_view name = "name");
std::string environment_argument(const JsonValue& arguments);
McpTouched one_secret(const JsonValue& arguments);

inline constexpr char kNameProperty[] =
    R"("name":{"type":"string","minLength":1,"maxLength":128,"description":"Name of the secret, as in OPENAI_API_KEY. Never a value."})";
inline constexpr char kEnvProperty[] =
    R"("env":{"type":"string","minLength":1,"maxLength":32,"description":"Environment of the secret; dev if not given."})";

}  // namespace phantom
