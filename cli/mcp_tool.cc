#include "cli/mcp_tool.h"

#include "proxy/json_schema.h"
#include "vault/secret_name.h"

namespace phantom {
namespace {

constexpr char kApprovalProperty[] =
    R"({"type":"string","maxLength":32,"description":"Id of the approval, from the answer to the first call, once a person has granted it."})";

// What an effect tool answers: the command's answer, or what a person has to do first.
JsonValue wrapped_schema(const JsonValue& answer) {
  JsonValue schema = schema_of(
      R"({"type":"object","required":["v","status"],"additionalProperties":false,"properties":{
          "v":{"const":1},"status":{"enum":["done","approval-required","terminal-required"]},
          "approval":{"type":"string"},"expires":{"type":"string"},"command":{"type":"string"}}})");
  JsonValue properties = *schema.find("properties");
  properties.set("result", answer);
  schema.set("properties", properties);
  return schema;
}

}  // namespace

std::vector<McpTool> mcp_tools() {
  std::vector<McpTool> tools;
  add_project_tools(tools);
  add_secret_tools(tools);
  add_audit_tools(tools);
  for (McpTool& tool : tools) {
    if (tool.info.effect == ToolEffect::kRead) continue;
    tool.info.output_schema = wrapped_schema(tool.info.output_schema);
    if (tool.advice) continue;
    JsonValue properties = *tool.info.input_schema.find("properties");
    properties.set("approval", schema_of(kApprovalProperty));
    tool.info.input_schema.set("properties", properties);
  }
  return tools;
}

JsonValue schema_of(std::string_view json) {
  auto schema = parse_json(json);
  PH_CHECK(schema.ok() && schema->is_object(), "a schema in the source is JSON");
  return std::move(*schema);
}

JsonValue arguments_schema(std::string_view properties, std::string_view required) {
  return schema_of(R"({"type":"object","additionalProperties":false,"properties":{)" +
                   std::string(properties) + R"(},"required":[)" + std::string(required) + "]}");
}

JsonValue answer_schema(std::string_view properties) {
  JsonValue schema =
      schema_of(R"({"type":"object","properties":{"v":{"const":1})" +
                std::string(properties.empty() ? "" : ",") + std::string(properties) + "}}");
  JsonValue required = JsonValue::list();
  for (const std::string& name : schema.find("properties")->names) {
    required.items.push_back(JsonValue::of_text(name));
  }
  schema.set("required", required);
  return schema;
}

McpTool read_tool(std::string name, std::string title, std::string description) {
  McpTool tool;
  tool.info.name = std::move(name);
  tool.info.title = std::move(title);
  tool.info.description = std::move(description);
  tool.info.input_schema = arguments_schema("");
  return tool;
}

McpTool effect_tool(std::string name, std::string title, std::string description) {
  McpTool tool = read_tool(std::move(name), std::move(title),
                           std::move(description) + " A person has to approve each call.");
  tool.info.effect = ToolEffect::kEffect;
  tool.info.repeat = McpToolInfo::Repeat::kAgain;
  return tool;
}

void add_option(std::vector<std::string>& words, const JsonValue& arguments, std::string_view name,
                std::string_view option) {
  const JsonValue* value = arguments.find(name);
  if (value == nullptr) return;
  const std::string flag = "--" + std::string(option.empty() ? name : option);
  if (value->is_text() || value->integer()) {
    words.push_back(flag + "=" + value->text);
  } else if (value->truth) {
    words.push_back(flag);
  }
  for (const JsonValue& item : value->items) words.push_back(flag + "=" + item.text);
}

Result<std::string> secret_argument(const JsonValue& arguments, std::string_view name) {
  const std::string* given = arguments.find_text(name);
  // Not repeated: it could be a value.
  if (given == nullptr || !is_valid_secret_name(*given) || given->find('/') != std::string::npos) {
    return Error{Code::kInvalid, "that is no name of a secret", "names look like OPENAI_API_KEY"};
  }
  return *given;
}

std::string environment_argument(const JsonValue& arguments) {
  const std::string* given = arguments.find_text("env");
  return given != nullptr ? *given : std::string(kDefaultEnvironment);
}

McpTouched one_secret(const JsonValue& arguments) {
  const auto name = secret_argument(arguments);
  if (!name.ok() || !is_valid_environment(environment_argument(arguments))) return {};
  return {{full_secret_name(environment_argument(arguments), *name)}, {}};
}

}  // namespace phantom
