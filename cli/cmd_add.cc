#include "cli/commands.h"
#include "cli/dotenv_edit.h"
#include "cli/environment.h"
#include "cli/secret_input.h"
#include "cli/vault_access.h"
#include "events/encoding.h"
#include "vault/placeholder.h"
#include "vault/scanner.h"

#include <unistd.h>

namespace phantom {
namespace {

struct AddArgs {
  std::string name;
  bool from_stdin = false;
  bool env = false;
};

// The text of the dotenv file with the placeholder in it; the text as it is when nothing changes.
Result<std::string> with_placeholder(const DotenvOnDisk& file, const std::string& name,
                                     const std::string& placeholder) {
  std::vector<DotenvReplacement> replacements;
  bool there = false;
  for (std::size_t i = 0; i < file.parsed.entries.size(); ++i) {
    const DotenvEntry& entry = file.parsed.entries[i];
    if (entry.key != name) continue;
    there = true;
    if (dotenv_value(file.text, entry).text() != placeholder)
      replacements.push_back({i, placeholder});
  }
  if (there) return rewrite_dotenv(file.text, file.parsed, replacements);
  const bool crlf = file.text.find("\r\n") != std::string::npos;
  const std::string line_end = crlf ? "\r\n" : "\n";
  std::string text = file.text;
  if (!text.empty() && text.back() != '\n' && text.back() != '\r') text += line_end;
  return text + name + "=" + placeholder + line_end;
}

// The project's dotenv file when it has the name, or when it is to have it.
Result<std::optional<DotenvOnDisk>> dotenv_to_edit(const Project& project, const AddArgs& args) {
  const std::filesystem::path path = project.root / ".env";
  auto file = read_dotenv(path);
  if (!file.ok() && file.error().code == Code::kNotFound) {
    if (!args.env) return std::optional<DotenvOnDisk>();
    DotenvOnDisk fresh;
    fresh.path = path;
    return std::optional<DotenvOnDisk>(std::move(fresh));
  }
  if (!file.ok()) return std::move(file.error());
  for (const DotenvEntry& entry : file->parsed.entries) {
    if (entry.key == args.name) return std::optional<DotenvOnDisk>(std::move(*file));
  }
  if (!args.env) return std::optional<DotenvOnDisk>();
  return std::optional<DotenvOnDisk>(std::move(*file));
}

Result<int> add(Environment& environment, const AddArgs& args) {
  if (!is_valid_key(args.name)) {
    return Error{Code::kInvalid, "a secret's name has letters, digits and underscores only",
                 "for example OPENAI_API_KEY"};
  }
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(std::optional<DotenvOnDisk> dotenv, dotenv_to_edit(project, args));
  if (dotenv) PH_TRY(check_can_replace(dotenv->path));
  PH_ASSIGN(SecretBytes value, args.from_stdin ? read_secret_from_stdin()
                                               : ask_hidden("Value of " + args.name + ": "));
  PH_TRY(check_secret_value(value));

  VaultAccess access(environment, project, home);
  PH_ASSIGN(Appender * appender, environment.appender());
  appender->set_guard(make_draft_guard(
      std::make_shared<const SecretScanner>(std::vector<NamedSecret>{{args.name, &value}})));
  PH_TRY(access.open());
  const bool known = access.vault().find(args.name).has_value();
  std::vector<VaultChange> changes(1);
  changes[0].name = args.name;
  changes[0].value = std::move(value);
  PH_TRY(access.vault().change("add", std::move(changes)));
  environment.out().note((known ? "replaced " : "added ") + args.name);
  if (!dotenv) return kExitOk;

  const std::optional<SecretInfo> info = access.vault().find(args.name);
  PH_CHECK(info.has_value(), "a secret that was just stored is missing");
  PH_ASSIGN(const std::string text, with_placeholder(*dotenv, args.name, info->placeholder));
  if (text == dotenv->text) return kExitOk;
  PH_TRY(replace_dotenv(*appender, access.context(), *dotenv, text, {args.name}));
  environment.out().note(dotenv->path.filename().string() + " holds its placeholder");
  return kExitOk;
}

}  // namespace

Command add_command() {
  const auto args = std::make_shared<AddArgs>();
  Command command;
  command.words = {"add"};
  command.summary = "put a secret into the vault";
  command.description =
      "Asks for the value with echo off, or reads it from standard input with --stdin; one line "
      "break at its end is not part of it. A name that is there gets the new value and keeps its "
      "placeholder. Where .env has the name, its value gives way to the placeholder.";
  command.positionals = {{"NAME", "name of the secret", &args->name}};
  command.options = {
      {"stdin", "", "read the value from standard input", &args->from_stdin},
      {"env", "", "put NAME with its placeholder into .env if it is not there", &args->env}};
  command.surplus_hint =
      "a value on the command line would stay in the shell's history; it is asked for, or read "
      "with --stdin";
  command.run = [args](Environment& environment) { return add(environment, *args); };
  return command;
}

}  // namespace phantom
