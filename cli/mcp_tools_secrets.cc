// Tools about secrets: names, versions and placeholders, and what happens to them. Never values.

#include "cli/mcp_tool.h"

namespace phantom {
namespace {

constexpr char kSecretsAnswer[] =
    R"("action":{"type":"string"},"secrets":{"type":"array","items":{"type":"object"}},"files":{"type":"array"})";

JsonValue name_and(std::string_view more) {
  return arguments_schema(std::string(kNameProperty) + "," + kEnvProperty +
                              (more.empty() ? "" : ",") + std::string(more),
                          "\"name\"");
}

McpTool advice_tool(std::string name, std::string title, std::string description,
                    std::string_view command) {
  McpTool tool = effect_tool(std::move(name), std::move(title), "");
  tool.info.description = std::move(description) +
                          " A value is typed by a person into a terminal and nowhere else, so this "
                          "answers with the command for it and does nothing.";
  tool.info.repeat = McpToolInfo::Repeat::kSame;
  tool.info.effect = ToolEffect::kEffect;
  tool.info.input_schema = name_and("");
  tool.info.output_schema = answer_schema("");
  tool.advice = [command](const JsonValue& arguments) {
    std::string words = "phantom " + std::string(command);
    if (arguments.find("env") != nullptr) words += " --env=" + environment_argument(arguments);
    return words + " -- " + *arguments.find_text("name");
  };
  return tool;
}

}  // namespace

void add_secret_tools(std::vector<McpTool>& tools) {
  McpTool list = read_tool("phantom_list_secrets", "Names of secrets",
                           "Names, versions and times of the project's secrets. Never values.");
  list.info.input_schema = arguments_schema(
      std::string(kEnvProperty) +
      R"(,"all_envs":{"type":"boolean","description":"The secrets of every environment."})");
  list.info.output_schema = answer_schema(
      R"("project":{"type":"string"},"secrets":{"type":"array","items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}})");
  list.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    std::vector<std::string> words = {"list", "--json"};
    add_option(words, arguments, "env");
    add_option(words, arguments, "all_envs", "all-envs");
    return words;
  };
  tools.push_back(std::move(list));

  McpTool why = read_tool("phantom_why", "What is known about a name",
                          "Where a variable stands in the dotenv files, whether that is a "
                          "placeholder, by which rule it counts as a secret, and where it goes.");
  why.info.input_schema = name_and("");
  why.info.output_schema = answer_schema(
      R"("name":{"type":"string"},"environment":{"type":"string"},"places":{"type":"array"},"vault":{"type":["object","null"]},"routes":{"type":"array"})");
  why.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    PH_ASSIGN(const std::string name, secret_argument(arguments));
    std::vector<std::string> words = {"why", "--json"};
    add_option(words, arguments, "env");
    words.insert(words.end(), {"--", name});
    return words;
  };
  tools.push_back(std::move(why));

  McpTool history = read_tool("phantom_history", "What happened to a secret",
                              "Versions, renames and new placeholders of a secret, and how often "
                              "it was opened, sent, revealed, exported and synced. Never a value.");
  history.info.input_schema = name_and("");
  history.info.output_schema = answer_schema(
      R"("name":{"type":"string"},"environment":{"type":"string"},"in_vault":{"type":"boolean"},"version":{"type":"integer"},"expires":{"type":["string","null"]},"changes":{"type":"array"},"opened":{"type":"array"})");
  history.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    PH_ASSIGN(const std::string name, secret_argument(arguments));
    std::vector<std::string> words = {"history", "--json"};
    add_option(words, arguments, "env");
    words.insert(words.end(), {"--", name});
    return words;
  };
  tools.push_back(std::move(history));

  McpTool init =
      effect_tool("phantom_init", "Protect the dotenv files",
                  "Moves secrets that stand in the dotenv files of this project into its "
                  "vault and puts placeholders in their place. A person starts a new "
                  "project in a terminal, with: phantom init.");
  init.info.input_schema = arguments_schema(
      std::string(kEnvProperty) +
      R"(,"from":{"type":"string","minLength":1,"maxLength":255,"description":"This dotenv file only."},
          "dry_run":{"type":"boolean","description":"Say what would be done and do nothing."})");
  init.info.output_schema = answer_schema(
      R"("project":{"type":"string"},"protected":{"type":"array"},"files":{"type":"array"},"dry_run":{"type":"boolean"})");
  init.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    std::vector<std::string> words = {"init", "--json"};
    add_option(words, arguments, "env");
    add_option(words, arguments, "from");
    add_option(words, arguments, "dry_run", "dry-run");
    return words;
  };
  tools.push_back(std::move(init));

  McpTool remove = effect_tool("phantom_remove_secret", "Delete a secret",
                               "Deletes the value of a secret from the vault, for good.");
  remove.info.input_schema = name_and("");
  remove.info.output_schema =
      answer_schema(R"("name":{"type":"string"},"removed":{"type":"boolean"})");
  remove.info.harm = McpToolInfo::Harm::kDestructive;
  remove.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    PH_ASSIGN(const std::string name, secret_argument(arguments));
    std::vector<std::string> words = {"remove", "--yes", "--json"};
    add_option(words, arguments, "env");
    words.insert(words.end(), {"--", name});
    return words;
  };
  remove.touches = one_secret;
  tools.push_back(std::move(remove));

  McpTool copy = effect_tool("phantom_copy_secret", "Copy a secret",
                             "Copies a secret into the vault of another project or environment on "
                             "this machine. The value is not shown.");
  copy.info.input_schema = name_and(
      R"("to":{"type":"string","minLength":1,"maxLength":1024,"description":"Directory of the other project; . for this one."},
         "as":{"type":"string","minLength":1,"maxLength":128,"description":"Its name there."},
         "to_env":{"type":"string","minLength":1,"maxLength":32,"description":"Environment there."},
         "replace":{"type":"boolean","description":"Let it replace another value there."})");
  copy.info.input_schema.set("required", *parse_json(R"(["name","to"])"));
  copy.info.output_schema = answer_schema(
      R"("name":{"type":"string"},"target_name":{"type":"string"},"target_project":{"type":"string"},"changed":{"type":"boolean"})");
  copy.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    PH_ASSIGN(const std::string name, secret_argument(arguments));
    std::vector<std::string> words = {"copy", "--json"};
    add_option(words, arguments, "to");
    add_option(words, arguments, "as");
    add_option(words, arguments, "env");
    add_option(words, arguments, "to_env", "to-env");
    add_option(words, arguments, "replace");
    words.insert(words.end(), {"--", name});
    return words;
  };
  copy.touches = one_secret;
  tools.push_back(std::move(copy));

  McpTool example = effect_tool("phantom_env_example", "Write .env.example",
                                "Writes the names of the dotenv file, without any value, into "
                                ".env.example.");
  example.info.input_schema = arguments_schema(
      R"("replace":{"type":"boolean","description":"Write over a file that differs."})");
  example.info.output_schema = answer_schema(
      R"("file":{"type":"string"},"names":{"type":"array"},"changed":{"type":"boolean"})");
  example.info.repeat = McpToolInfo::Repeat::kSame;
  example.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    std::vector<std::string> words = {"env", "--json"};
    add_option(words, arguments, "replace");
    return words;
  };
  tools.push_back(std::move(example));

  McpTool rename = effect_tool("phantom_rename_secret", "Rename a secret",
                               "Gives a secret another name. Its value, placeholder and history "
                               "stay; where it may go depends on the name.");
  rename.info.input_schema = arguments_schema(
      std::string(kNameProperty) + "," + kEnvProperty +
          R"(,"new_name":{"type":"string","minLength":1,"maxLength":128,"description":"Its new name."})",
      R"("name","new_name")");
  rename.info.output_schema = answer_schema(
      R"("former_name":{"type":"string"},"name":{"type":"string"},"environment":{"type":"string"})");
  rename.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    PH_ASSIGN(const std::string name, secret_argument(arguments));
    PH_ASSIGN(const std::string new_name, secret_argument(arguments, "new_name"));
    std::vector<std::string> words = {"rename", "--json"};
    add_option(words, arguments, "env");
    words.insert(words.end(), {"--", name, new_name});
    return words;
  };
  rename.touches = [](const JsonValue& arguments) {
    McpTouched touched = one_secret(arguments);
    const auto new_name = secret_argument(arguments, "new_name");
    if (new_name.ok() && !touched.secret_names.empty()) {
      JsonValue other = arguments;
      other.set("name", JsonValue::of_text(*new_name));
      touched.secret_names.push_back(one_secret(other).secret_names.at(0));
    }
    return touched;
  };
  tools.push_back(std::move(rename));

  McpTool placeholder = effect_tool(
      "phantom_rotate_placeholder", "Renew a placeholder",
      "Makes the worthless placeholder of a secret anew and puts it into the project's dotenv "
      "files. The real value stays as it is and as old as it was: this is no rotation of the key.");
  placeholder.info.input_schema = name_and("");
  placeholder.info.output_schema = answer_schema(kSecretsAnswer);
  placeholder.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    PH_ASSIGN(const std::string name, secret_argument(arguments));
    std::vector<std::string> words = {"rotate", "--placeholder", "--json"};
    add_option(words, arguments, "env");
    words.insert(words.end(), {"--", name});
    return words;
  };
  placeholder.touches = one_secret;
  tools.push_back(std::move(placeholder));

  McpTool expire = effect_tool("phantom_expire_secret", "Set an end to a secret",
                               "Says until when phantom may use a secret. Whoever issued it does "
                               "not know of this.");
  expire.info.input_schema = arguments_schema(
      std::string(kNameProperty) + "," + kEnvProperty +
          R"(,"when":{"type":"string","minLength":2,"maxLength":40,"description":"30d or 12h from now, a date, now or never."})",
      R"("name","when")");
  expire.info.output_schema = answer_schema(
      R"("name":{"type":"string"},"environment":{"type":"string"},"expires":{"type":["string","null"]})");
  expire.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    PH_ASSIGN(const std::string name, secret_argument(arguments));
    std::vector<std::string> words = {"expire", "--json"};
    add_option(words, arguments, "env");
    words.insert(words.end(), {"--", name, *arguments.find_text("when")});
    return words;
  };
  expire.touches = one_secret;
  tools.push_back(std::move(expire));

  for (const bool pulls : {false, true}) {
    McpTool tool =
        pulls ? effect_tool("phantom_pull", "Take secrets from a platform",
                            "Puts the secrets a platform keeps into the vault, by the sync tables "
                            "of .phantom.toml. Values are not shown.")
              : effect_tool("phantom_sync", "Put secrets on a platform",
                            "Puts secrets of an environment where a platform keeps its own, by the "
                            "sync tables of .phantom.toml. Values are not shown.");
    tool.info.input_schema = arguments_schema(
        std::string(kEnvProperty) +
            R"(,"platform":{"type":"string","minLength":1,"maxLength":32,"description":"vercel, railway, github and so on."},
                "dry_run":{"type":"boolean","description":"Say what would be done; reads the platform all the same."})",
        R"("platform")");
    tool.info.output_schema = answer_schema("");
    tool.info.world = McpToolInfo::World::kOpen;
    tool.answers = {0, 1};
    tool.command = [pulls](const JsonValue& arguments) -> Result<std::vector<std::string>> {
      std::vector<std::string> words = {pulls ? "pull" : "sync", "--json"};
      add_option(words, arguments, "platform", pulls ? "from" : "platform");
      add_option(words, arguments, "env");
      add_option(words, arguments, "dry_run", "dry-run");
      return words;
    };
    tool.touches = [](const JsonValue& arguments) {
      return McpTouched{{}, {}, environment_argument(arguments)};
    };
    tools.push_back(std::move(tool));
  }

  tools.push_back(advice_tool("phantom_add_secret", "Add a secret",
                              "How a new secret gets into the vault.", "add"));
  tools.push_back(advice_tool("phantom_rotate_value", "Put in a new real value",
                              "How a secret gets a new real value after it was renewed where it "
                              "was issued.",
                              "rotate"));
}

}  // namespace phantom
