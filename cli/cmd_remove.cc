#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/terminal.h"
#include "cli/vault_access.h"
#include "events/encoding.h"

namespace phantom {
namespace {

struct RemoveArgs {
  std::string name;
  bool yes = false;
};

Result<int> remove_secret(Environment& environment, const RemoveArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  const std::string shown = escape_terminal(args.name);
  if (!args.yes) {
    PH_ASSIGN(
        const Answer answer,
        confirm_on_terminal("The value of " + shown +
                                " will be deleted from the vault. Nobody can bring it back.\n",
                            "yes"));
    if (answer == Answer::kNo) {
      return Error{Code::kDenied, "nothing was removed"};
    }
  }
  VaultAccess access(environment, project, home);
  PH_TRY(access.open());
  std::vector<VaultChange> changes(1);
  changes[0].name = args.name;
  changes[0].action = VaultChange::Action::kDelete;
  PH_TRY(access.vault().change("remove", std::move(changes)));
  environment.out().note("removed " + shown);
  return kExitOk;
}

}  // namespace

Command remove_command() {
  const auto args = std::make_shared<RemoveArgs>();
  Command command;
  command.words = {"remove"};
  command.summary = "delete a secret from the vault";
  command.description =
      "Deletes the value for good, after a question on the terminal. Its placeholder stays in the "
      "dotenv file and stands for nothing from then on.";
  command.positionals = {{"NAME", "name of the secret", &args->name}};
  command.options = {{"yes", "", "do not ask", &args->yes, {}, 'y'}};
  command.run = [args](Environment& environment) { return remove_secret(environment, *args); };
  return command;
}

}  // namespace phantom
