#include "cli/commands.h"
#include "cli/dotenv_names.h"
#include "cli/env_example.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/project.h"
#include "cli/secret_environment.h"
#include "events/encoding.h"
#include "ledger/home.h"

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExampleName = ".env.example";
constexpr unsigned kExampleMode = 0644;

struct EnvArgs {
  std::optional<std::string> output;
  std::optional<std::string> env;
  bool check = false;
  bool replace = false;
  bool json = false;
};

// The first dotenv file of the environment; none when there is none.
Result<std::optional<DotenvOnDisk>> source_file(const fs::path& root,
                                                const std::string& environment) {
  PH_ASSIGN(std::vector<DotenvOnDisk> files, read_dotenv_files(root, environment));
  if (files.empty()) return std::optional<DotenvOnDisk>();
  return std::optional<DotenvOnDisk>(std::move(files.front()));
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void add_names(Json& json, std::string_view key, const std::vector<std::string>& names) {
  json.key(key).begin_list();
  for (const std::string& name : names) json.text(name);
  json.end_list();
}

void add_lines(Json& json, std::string_view key, const std::vector<std::size_t>& lines) {
  json.key(key).begin_list();
  for (const std::size_t line : lines) json.number(line);
  json.end_list();
}

Result<int> check(Output& out, const EnvArgs& args, const fs::path& file,
                  const std::optional<DotenvOnDisk>& source) {
  auto example = read_dotenv(file);
  if (!example.ok() && example.error().code == Code::kNotFound) {
    return std::move(example.error()).with_hint("'phantom env' writes it");
  }
  if (!example.ok()) return std::move(example.error());
  const ExampleCheck found = check_example(*example, source ? &*source : nullptr);
  const std::string name = escape_terminal(file.filename().string());
  if (!source) out.note("there is no dotenv file to compare with; only " + name + " was looked at");
  if (!found.missing.empty()) out.note(name + " lacks " + joined(found.missing));
  if (!found.extra.empty()) out.note(name + " has more: " + joined(found.extra));
  for (const std::size_t line : found.secret_lines) {
    out.note(name + " line " + std::to_string(line) + " looks like it holds a secret");
  }
  if (!found.ok()) out.hint("'phantom env --replace' writes it anew");
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("file", file.string());
    json.key("compared").truth(source.has_value());
    add_names(json, "missing", found.missing);
    add_names(json, "extra", found.extra);
    add_lines(json, "secret_lines", found.secret_lines);
    out.line(json.key("ok").truth(found.ok()).end().str());
  }
  return found.ok() ? kExitOk : kExitPolicy;
}

enum class Written { kNew, kSame, kReplaced };

Result<Written> write_example(const fs::path& file, const std::string& text, bool replace) {
  auto before = read_file(file, kDotenvBytesMax);
  if (!before.ok() && before.error().code != Code::kNotFound) return std::move(before.error());
  if (before.ok() && as_text(*before) == text) return Written::kSame;
  if (before.ok() && !replace) {
    return Error{Code::kExists, file.string() + " is there already and differs",
                 "--replace writes over it, '-o -' prints it"};
  }
  PH_TRY(write_file_durably(file, as_bytes(text), kExampleMode));
  return before.ok() ? Written::kReplaced : Written::kNew;
}

Result<int> env(Environment& environment, const EnvArgs& args) {
  Output& out = environment.out();
  PH_ASSIGN(const std::string secrets_of,
            secret_environment(args.env, environment.variable("PHANTOM_ENV")));
  PH_ASSIGN(const fs::path here, environment.working_directory());
  // Needs neither vault nor ledger: it is for CI too, where the machine knows nothing.
  PH_ASSIGN(const Project project, read_project_at(here));
  const bool to_stdout = args.output && *args.output == "-";
  const fs::path file =
      args.output && !to_stdout ? here / *args.output : project.root / kExampleName;
  PH_ASSIGN(const std::optional<DotenvOnDisk> source, source_file(project.root, secrets_of));
  if (args.check) return check(out, args, file, source);
  if (!source) {
    return Error{Code::kNotFound, "there is no dotenv file of environment " + secrets_of + " in " +
                                      project.root.string()};
  }
  const EnvExample example = example_of(*source);
  for (const std::size_t line : example.cut_lines) {
    out.note("line " + std::to_string(line) + ": what looked like a secret was left out");
  }
  if (to_stdout) {
    out.result(example.text);
    return kExitOk;
  }
  PH_ASSIGN(const Written written, write_example(file, example.text, args.replace));
  out.note(file.filename().string() + (written == Written::kSame ? " is up to date" : " written") +
           ": " + std::to_string(example.names.size()) + " names, no values");
  if (!args.json) return kExitOk;
  Json json;
  json.begin().field_number("v", 1).field("file", file.string());
  add_names(json, "names", example.names);
  add_lines(json, "cut_lines", example.cut_lines);
  out.line(json.key("changed").truth(written != Written::kSame).end().str());
  return kExitOk;
}

}  // namespace

Command env_command() {
  const auto args = std::make_shared<EnvArgs>();
  Command command;
  command.words = {"env"};
  command.summary = "write .env.example: the names of the dotenv file without its values";
  command.description =
      "Keeps keys, comments and layout and leaves every value out, so that the file can be "
      "committed. "
      "A comment that looks like it holds a secret is left out too, and that is said.\n"
      "--check compares instead: the exit code is 4 when a name is missing, one is too many or a "
      "line looks like it holds a secret. Where there is no dotenv file, as in CI, only the last "
      "is "
      "looked at.";
  command.options = {{"output",
                      "FILE",
                      "where to write; .env.example if not given, - for standard output",
                      &args->output,
                      {},
                      'o'},
                     environment_option(&args->env),
                     {"check", "", "compare, write nothing", &args->check},
                     {"replace", "", "write over a file that differs", &args->replace},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return env(environment, *args); };
  return command;
}

}  // namespace phantom
