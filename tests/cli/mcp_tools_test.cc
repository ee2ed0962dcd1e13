#include "cli/args.h"
#include "cli/mcp_tool.h"
#include "cli/wiring.h"
#include "proxy/json_schema.h"

#include <gtest/gtest.h>

#include <set>

namespace phantom {
namespace {

// Arguments that set every property a schema has.
JsonValue full_arguments(const McpTool& tool) {
  JsonValue arguments = JsonValue::object();
  const JsonValue& properties = *tool.info.input_schema.find("properties");
  for (std::size_t i = 0; i < properties.names.size(); ++i) {
    const std::string& name = properties.names[i];
    const JsonValue& schema = properties.items[i];
    const std::string* type = schema.find_text("type");
    JsonValue value = JsonValue::of_text("NAME");
    if (name == "env" || name == "to_env") value = JsonValue::of_text("prod");
    if (name == "when") value = JsonValue::of_text("30d");
    if (name == "platform") value = JsonValue::of_text("vercel");
    if (const JsonValue* choices = schema.find("enum")) value = choices->items[0];
    if (type != nullptr && *type == "integer") value = JsonValue::of_integer(7);
    if (type != nullptr && *type == "boolean") value = JsonValue::of_truth(true);
    if (type != nullptr && *type == "array") value = JsonValue::list({JsonValue::of_text("dev")});
    if (name != "approval") arguments.set(name, value);
  }
  return arguments;
}

TEST(McpTools, HaveSchemasThatAreWhollyChecked) {
  std::set<std::string> names;
  for (const McpTool& tool : mcp_tools()) {
    EXPECT_TRUE(tool.info.name.starts_with("phantom_")) << tool.info.name;
    EXPECT_TRUE(names.insert(tool.info.name).second) << tool.info.name;
    for (const JsonValue* schema : {&tool.info.input_schema, &tool.info.output_schema}) {
      const Status checked = check_schema(*schema);
      EXPECT_TRUE(checked.ok()) << tool.info.name << ": " << checked.error().message;
      EXPECT_EQ(*schema->find_text("type"), "object") << tool.info.name;
    }
    EXPECT_FALSE(tool.info.input_schema.find("additionalProperties")->truth) << tool.info.name;
    EXPECT_EQ(tool.advice != nullptr, tool.command == nullptr) << tool.info.name;
  }
}

// A tool never exists without its command, nor with an option the command does not have.
TEST(McpTools, MakeCommandLinesThatTheProgramTakes) {
  for (const McpTool& tool : mcp_tools()) {
    if (tool.advice) continue;
    const CommandTable table = make_command_table();
    const JsonValue arguments = full_arguments(tool);
    const Status fits = check_against_schema(tool.info.input_schema, arguments);
    ASSERT_TRUE(fits.ok()) << tool.info.name << ": " << fits.error().message;
    auto words = tool.command(arguments);
    ASSERT_TRUE(words.ok()) << tool.info.name << ": " << words.error().message;
    if (tool.reach == McpTool::Reach::kProject) words->push_back("--project=p");
    const auto parsed = parse_args(table, *words);
    ASSERT_TRUE(parsed.ok()) << tool.info.name << ": " << parsed.error().message;
    EXPECT_NE(parsed->run, nullptr) << tool.info.name;
    EXPECT_NE(std::find(words->begin(), words->end(), "--json"), words->end()) << tool.info.name;
  }
}

// What an agent writes stands behind "=" or after "--", wherever it comes from.
TEST(McpTools, NeverTakeAWordForAnOption) {
  for (const McpTool& tool : mcp_tools()) {
    if (tool.advice) continue;
    JsonValue arguments = full_arguments(tool);
    for (std::size_t i = 0; i < arguments.items.size(); ++i) {
      JsonValue& item = arguments.items[i];
      const JsonValue* schema = tool.info.input_schema.find("properties")->find(arguments.names[i]);
      if (schema->find("enum") != nullptr) continue;
      if (item.is_text()) item.text = "--yes";
      for (JsonValue& each : item.items) each.text = "--yes";
    }
    const auto words = tool.command(arguments);
    if (!words.ok()) continue;  // refused as no name of a secret
    bool rest = false;
    for (const std::string& word : *words) {
      if (word == "--yes") {
        EXPECT_TRUE(rest || tool.info.name == "phantom_remove_secret") << tool.info.name;
      }
      rest = rest || word == "--";
    }
  }
}

TEST(McpTools, HaveNoPropertyForAValue) {
  for (const McpTool& tool : mcp_tools()) {
    for (const std::string& name : tool.info.input_schema.find("properties")->names) {
      for (const char* word : {"value", "token", "password", "passphrase", "key"}) {
        EXPECT_EQ(name.find(word), std::string::npos) << tool.info.name << "." << name;
      }
    }
  }
}

}  // namespace
}  // namespace phantom
