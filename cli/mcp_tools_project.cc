// Tools about the project: where it stands and what is wrong with it.

#include "cli/mcp_tool.h"
#include "cli/output.h"

namespace phantom {
namespace {

constexpr char kDoctorAnswer[] =
    R"("problems":{"type":"integer"},"checks":{"type":"array","items":{"type":"object"}})";
constexpr char kServiceProperty[] =
    R"("name":{"type":"string","minLength":1,"maxLength":64,"description":"Name of the service."})";

Result<std::string> service_argument(const JsonValue& arguments) {
  const std::string* name = arguments.find_text("name");
  PH_CHECK(name != nullptr, "the schema wants a name");
  return *name;
}

// Where secrets may go. What these write is only used after phantom config accept.
void add_service_tools(std::vector<McpTool>& tools) {
  McpTool list = read_tool("phantom_service_list", "Services",
                           "Every service a secret of this project may go to: the secret it takes, "
                           "where it is, the header, and whether a person accepted it.");
  list.info.output_schema = answer_schema(R"("services":{"type":"array"})");
  list.command = [](const JsonValue&) {
    return Result<std::vector<std::string>>({"service", "list", "--json"});
  };
  tools.push_back(std::move(list));

  McpTool add = effect_tool("phantom_service_add", "Add a service",
                            "Writes a service into .phantom.toml. It is used only after a person "
                            "has also said: phantom config accept.");
  add.info.input_schema = arguments_schema(
      std::string(kServiceProperty) +
          R"(,"secret":{"type":"string","minLength":1,"maxLength":128,"description":"Name of the secret it takes."},
              "host":{"type":"string","minLength":1,"maxLength":255,"description":"Where it is, with :PORT if that is not the usual one."},
              "header":{"type":"string","minLength":1,"maxLength":64},
              "header_format":{"type":"string","maxLength":128,"description":"Value of the header, {secret} standing for the secret."},
              "base_url_env":{"type":"string","maxLength":128},"base_path":{"type":"string","maxLength":255},
              "replace":{"type":"boolean","description":"The service is there and is changed."})",
      R"("name","secret","host")");
  add.info.output_schema = answer_schema(
      R"("service":{"type":"string"},"changed":{"type":"boolean"},"needs_acceptance":{"type":"boolean"},"risks":{"type":"array"})");
  add.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    PH_ASSIGN(const std::string secret, secret_argument(arguments, "secret"));
    PH_ASSIGN(const std::string name, service_argument(arguments));
    std::vector<std::string> words = {"service", "add", "--json", "--secret=" + secret};
    add_option(words, arguments, "host");
    add_option(words, arguments, "header");
    add_option(words, arguments, "header_format", "header-format");
    add_option(words, arguments, "base_url_env", "base-url-env");
    add_option(words, arguments, "base_path", "base-path");
    add_option(words, arguments, "replace");
    words.insert(words.end(), {"--", name});
    return words;
  };
  add.touches = [](const JsonValue& arguments) {
    McpTouched touched;
    if (const auto secret = secret_argument(arguments, "secret"); secret.ok()) {
      touched.secret_names.push_back(*secret);
    }
    touched.hosts.push_back(*arguments.find_text("host"));
    return touched;
  };
  tools.push_back(std::move(add));

  McpTool remove = effect_tool("phantom_service_remove", "Remove a service",
                               "Takes a service out of .phantom.toml.");
  remove.info.input_schema = arguments_schema(kServiceProperty, "\"name\"");
  remove.info.output_schema =
      answer_schema(R"("service":{"type":"string"},"keys":{"type":"array"})");
  remove.info.harm = McpToolInfo::Harm::kDestructive;
  remove.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    PH_ASSIGN(const std::string name, service_argument(arguments));
    return std::vector<std::string>{"service", "remove", "--json", "--", name};
  };
  tools.push_back(std::move(remove));
}

}  // namespace

void add_project_tools(std::vector<McpTool>& tools) {
  McpTool status = read_tool("phantom_status", "Status",
                             "Where phantom keeps things, whether there is a ledger, a project and "
                             "a vault here, and what is wrong with them.");
  status.info.output_schema = answer_schema(
      R"("version":{"type":"string"},"home":{"type":"string"},"ledger":{"type":["object","null"]},"project":{"type":["object","null"]})");
  status.command = [](const JsonValue&) {
    return Result<std::vector<std::string>>({"status", "--json"});
  };
  tools.push_back(std::move(status));

  McpTool check = read_tool("phantom_check", "Look for secrets in files",
                            "Looks for keys of providers and other secrets that stand in files in "
                            "clear. Says where they are, never what they are. Without a scope it "
                            "looks at the dotenv files here and at what is staged.");
  check.info.input_schema = arguments_schema(
      R"("scope":{"enum":["staged","all","history"],"description":"staged: what is about to be committed; all: every file of the work tree; history: every version of every file."})");
  check.info.output_schema = answer_schema(
      R"("scope":{"type":"string"},"findings":{"type":"array","items":{"type":"object"}})");
  check.answers = {kExitOk, kExitFailed};
  check.command = [](const JsonValue& arguments) -> Result<std::vector<std::string>> {
    std::vector<std::string> words = {"check", "--json"};
    if (const std::string* scope = arguments.find_text("scope")) words.push_back("--" + *scope);
    return words;
  };
  tools.push_back(std::move(check));

  McpTool show = read_tool("phantom_config_show", "Where secrets may go",
                           "The services of .phantom.toml: which secret may go to which host, "
                           "whether a person accepted that, and what is odd about it.");
  show.info.output_schema = answer_schema(
      R"("file":{"type":"string"},"project":{"type":"string"},"state":{"type":"string"},"routes":{"type":"array"},"risks":{"type":"array"})");
  show.command = [](const JsonValue&) {
    return Result<std::vector<std::string>>({"config", "show", "--json"});
  };
  tools.push_back(std::move(show));

  McpTool diff = read_tool("phantom_config_diff", "What changed about where secrets may go",
                           "Each route that is new, moved or gone since a person last accepted the "
                           "configuration. A person accepts it with: phantom config accept.");
  diff.info.output_schema = answer_schema(
      R"("state":{"type":"string"},"changes":{"type":"array"},"risks":{"type":"array"})");
  diff.command = [](const JsonValue&) {
    return Result<std::vector<std::string>>({"config", "diff", "--json"});
  };
  tools.push_back(std::move(diff));

  McpTool doctor = read_tool("phantom_doctor", "Examine the project",
                             "Looks at everything that protects the project and says what is wrong "
                             "and what to do. Changes nothing.");
  doctor.info.output_schema = answer_schema(kDoctorAnswer);
  doctor.answers = {kExitOk, kExitFailed};
  doctor.command = [](const JsonValue&) {
    return Result<std::vector<std::string>>({"doctor", "--json"});
  };
  tools.push_back(std::move(doctor));

  McpTool fix = effect_tool("phantom_doctor_fix", "Mend the project",
                            "Mends what phantom_doctor finds and what cannot lose anything: modes "
                            "of files, .gitignore, the commit hook.");
  fix.info.output_schema = answer_schema(kDoctorAnswer);
  fix.info.repeat = McpToolInfo::Repeat::kSame;
  fix.answers = {kExitOk, kExitFailed};
  fix.command = [](const JsonValue&) {
    return Result<std::vector<std::string>>({"doctor", "--fix", "--json"});
  };
  tools.push_back(std::move(fix));

  McpTool approvals = read_tool("phantom_approvals", "What waits for a person",
                                "The questions of this project that a person has not answered yet, "
                                "and what is allowed in advance.");
  approvals.info.output_schema =
      answer_schema(R"("project":{"type":"string"},"approvals":{"type":"array"})");
  approvals.command = [](const JsonValue&) {
    return Result<std::vector<std::string>>({"approvals", "--json"});
  };
  tools.push_back(std::move(approvals));

  add_service_tools(tools);

  constexpr char kScripts[] =
      R"("only":{"type":"array","maxItems":32,"items":{"type":"string","minLength":1,"maxLength":100},"description":"Names of scripts; those that start something if not given."},"dry_run":{"type":"boolean","description":"Say what would be done and do nothing."})";
  for (const bool wraps : {true, false}) {
    const std::string verb = wraps ? "wrap" : "unwrap";
    McpTool tool = effect_tool("phantom_" + verb,
                               wraps ? "Run scripts under phantom" : "Run scripts as before",
                               wraps ? "Makes the scripts of package.json run under phantom exec."
                                     : "Puts the scripts of package.json back as they were.");
    tool.info.input_schema = arguments_schema(kScripts);
    tool.info.output_schema = answer_schema(
        R"("action":{"type":"string"},"file":{"type":"string"},"scripts":{"type":"array"},"left":{"type":"array"},"dry_run":{"type":"boolean"})");
    tool.info.repeat = McpToolInfo::Repeat::kSame;
    tool.command = [verb](const JsonValue& arguments) -> Result<std::vector<std::string>> {
      std::vector<std::string> words = {verb, "--json"};
      add_option(words, arguments, "only");
      add_option(words, arguments, "dry_run", "dry-run");
      return words;
    };
    tools.push_back(std::move(tool));
  }
}

}  // namespace phantom
