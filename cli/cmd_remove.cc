#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/secret_environment.h"
#include "cli/terminal.h"
#include "cli/vault_access.h"
#include "events/encoding.h"
#include "vault/secret_name.h"

namespace phantom {
namespace {

struct RemoveArgs {
  std::string name;
  bool yes = false;
  bool json = false;
  std::optional<std::string> env;
};

Result<int> remove_secret(Environment& environment, const RemoveArgs& args) {
  PH_ASSIGN(const std::string secrets_of,
            secret_environment(args.env, environment.variable("PHANTOM_ENV")));
  const std::string name = full_secret_name(secrets_of, args.name);
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  const std::string shown = escape_terminal(spoken_secret_name(name));
  if (!args.yes) {
    PH_ASSIGN(const Answer answer,
              confirm_on_terminal("The value of " + shown +
                                      " and its older ones will be deleted from the vault. Nobody "
                                      "can bring them back.\n",
                                  "yes"));
    if (answer == Answer::kNo) {
      return Error{Code::kDenied, "nothing was removed"};
    }
  }
  VaultAccess access(environment, project, home);
  PH_TRY(access.open());
  std::vector<VaultChange> changes(1);
  changes[0].name = name;
  changes[0].action = VaultChange::Action::kDelete;
  PH_TRY(access.vault().change("remove", std::move(changes)));
  environment.out().note("removed " + shown);
  environment.out().hint(
      "dotenv files that have it hold a placeholder that stands for nothing now");
  if (!args.json) return kExitOk;
  Json json;
  json.begin().field_number("v", 1).field("name", args.name).field("environment", secrets_of);
  environment.out().line(json.key("removed").truth(true).end().str());
  return kExitOk;
}

}  // namespace

Command remove_command() {
  const auto args = std::make_shared<RemoveArgs>();
  Command command;
  command.words = {"remove"};
  command.summary = "delete a secret from the vault";
  command.description =
      "Deletes the value and its older ones for good, after a question on the terminal. Its "
      "placeholder stays in the dotenv file and stands for nothing from then on.";
  command.positionals = {{"NAME", "name of the secret", &args->name}};
  command.options = {environment_option(&args->env),
                     {"yes", "", "do not ask", &args->yes, {}, 'y'},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return remove_secret(environment, *args); };
  return command;
}

}  // namespace phantom
