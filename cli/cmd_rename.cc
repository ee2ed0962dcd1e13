#include "cli/commands.h"
#include "cli/dotenv_placeholders.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/secret_environment.h"
#include "cli/vault_access.h"
#include "events/encoding.h"
#include "proxy/services.h"
#include "vault/secret_name.h"

#include <algorithm>

namespace phantom {
namespace {

struct RenameArgs {
  std::string name;
  std::string new_name;
  std::optional<std::string> environment;
  bool json = false;
};

// Where the old name is still written down, relative to the project. These are the user's: a
// program may read the variable by that name.
std::vector<std::string> mentions_of(const Project& project, const std::string& name) {
  std::vector<std::string> files;
  const auto relative = [&](const std::filesystem::path& path) {
    return path.lexically_relative(project.root).string();
  };
  for (const std::filesystem::path& path : find_dotenv_files(project.root)) {
    const auto file = read_dotenv(path);
    if (!file.ok()) continue;
    const auto& entries = file->parsed.entries;
    if (std::any_of(entries.begin(), entries.end(),
                    [&](const DotenvEntry& entry) { return entry.key == name; })) {
      files.push_back(relative(path));
    }
  }
  const auto& services = project.config.services;
  if (std::any_of(services.begin(), services.end(),
                  [&](const ServiceConfig& service) { return service.secret_name == name; })) {
    files.push_back(relative(project.config_file));
  }
  return files;
}

// Origins the built-in services and the project's own send a secret of that name to.
std::vector<std::string> origins_of(const Project& project, const std::string& name) {
  std::vector<std::string> origins;
  const auto routes = resolve_routes(project.config);
  if (!routes.ok()) return origins;
  for (const Route& route : *routes) {
    if (route.secret_name == name) origins.push_back(route.origin());
  }
  return origins;
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + escape_terminal(item);
  return text;
}

Result<int> rename_secret(Environment& environment, const RenameArgs& args) {
  PH_ASSIGN(const std::string chosen,
            secret_environment(args.environment, environment.variable("PHANTOM_ENV")));
  if (!is_valid_key(args.new_name)) {
    return Error{Code::kInvalid,
                 "\"" + escape_terminal(args.new_name) + "\" is no name of a secret",
                 "a name is like OPENAI_API_KEY; the environment is said with --env"};
  }
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  VaultAccess access(environment, project, home);
  PH_TRY(access.open());
  std::vector<VaultChange> changes(1);
  changes[0].name = full_secret_name(chosen, args.name);
  changes[0].action = VaultChange::Action::kRename;
  changes[0].new_name = full_secret_name(chosen, args.new_name);
  const std::string before = changes[0].name;
  const std::string after = changes[0].new_name;
  PH_TRY(access.vault().change("rename", std::move(changes)));

  const std::vector<std::string> mentions = mentions_of(project, args.name);
  const std::vector<std::string> origins = origins_of(project, args.new_name);
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("former_name", args.name).field("name", args.new_name);
    json.field("environment", chosen).key("goes_to").begin_list();
    for (const std::string& origin : origins) json.text(origin);
    json.end_list().key("mentions").begin_list();
    for (const std::string& file : mentions) json.text(file);
    out.line(json.end_list().end().str());
    return kExitOk;
  }
  out.note(spoken_secret_name(before) + " is now " + spoken_secret_name(after) +
           ", with its value, placeholder and older values");
  out.note(origins.empty() ? "no service has a secret of that name: it goes nowhere"
                           : "a secret of that name goes to " + joined(origins));
  if (!mentions.empty()) {
    out.hint(args.name + " is still written in " + joined(mentions) +
             "; rename it there if nothing needs the variable under its old name");
  }
  return kExitOk;
}

}  // namespace

Command rename_command() {
  const auto args = std::make_shared<RenameArgs>();
  Command command;
  command.words = {"rename"};
  command.summary = "give a secret another name";
  command.description =
      "Value, placeholder, versions and history stay; phantom history follows the name back. Where "
      "a secret may go depends on its name, so the new destination is printed. Keys in dotenv "
      "files and "
      "names in .phantom.toml are yours: they are listed, not changed.";
  command.positionals = {{"NAME", "name of the secret", &args->name},
                         {"NEW_NAME", "its new name", &args->new_name}};
  command.options = {environment_option(&args->environment),
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return rename_secret(environment, *args); };
  return command;
}

}  // namespace phantom
