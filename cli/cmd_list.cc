#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/vault_access.h"
#include "events/clock.h"

namespace phantom {
namespace {

struct ListArgs {
  bool json = false;
};

Result<int> list(Environment& environment, const ListArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  VaultAccess access(environment, project, home);
  PH_ASSIGN(const std::vector<SecretInfo> secrets, access.list_locked());
  if (!args.json) {
    for (const SecretInfo& secret : secrets) environment.out().line(secret.name);
    return kExitOk;
  }
  Json json;
  json.begin().field_number("v", 1).field("project", project.config.project_id);
  json.key("secrets").begin_list();
  for (const SecretInfo& secret : secrets) {
    json.begin().field("name", secret.name).field_number("version", secret.version);
    json.field("created", format_time(secret.created_ns));
    json.field("changed", format_time(secret.changed_ns)).end();
  }
  environment.out().line(json.end_list().end().str());
  return kExitOk;
}

}  // namespace

Command list_command() {
  const auto args = std::make_shared<ListArgs>();
  Command command;
  command.words = {"list"};
  command.summary = "print the names of the project's secrets";
  command.description = "Prints names, never values; the vault stays locked.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return list(environment, *args); };
  return command;
}

}  // namespace phantom
