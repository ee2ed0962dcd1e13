#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/terminal.h"
#include "cli/vault_access.h"
#include "events/encoding.h"
#include "vault/vault_events.h"

#include <unistd.h>

namespace phantom {
namespace {

struct RevealArgs {
  std::string name;
};

// Shows the value if the person confirms; says how it ended.
Result<Ending> show_value(Environment& environment, VaultAccess& access, const std::string& name) {
  PH_ASSIGN(const Answer answer, confirm_on_terminal("The value of " + escape_terminal(name) +
                                                         " will be shown on this terminal.\n",
                                                     "yes"));
  if (answer == Answer::kNo) return Ending{Outcome::Denied, Reason::UserDeclined};
  PH_ASSIGN(const OpenedSecret secret, access.vault().open_secret(name, "reveal"));
  environment.out().result(secret.value.text());
  environment.out().result("\n");
  return environment.out().flush() ? Ending{} : Ending{Outcome::Failed, Reason::IoError};
}

Result<int> reveal(Environment& environment, const RevealArgs& args) {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
    return Error{Code::kDenied, "a secret is only revealed on a terminal",
                 "run it yourself in a terminal, without pipes; programs get secrets through "
                 "'phantom exec'"};
  }
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  VaultAccess access(environment, project, home);
  PH_TRY(access.open());
  const std::optional<SecretInfo> info = access.vault().find(args.name);
  if (!info) {
    return Error{Code::kNotFound, "the vault has no secret " + escape_terminal(args.name),
                 "phantom list prints the names"};
  }
  PH_ASSIGN(const Receipt requested, access.appender().append(secret_reveal_requested(
                                         access.context(), info->name, info->version)));
  const Result<Ending> shown = show_value(environment, access, info->name);
  const Ending ending = shown.ok() ? *shown : Ending{Outcome::Failed, Reason::None};
  const Result<Receipt> completed = access.appender().append(
      secret_reveal_completed(access.context(), requested.seq, info->name, info->version, ending));
  if (!shown.ok()) return shown.error();
  if (!completed.ok()) return completed.error();
  if (ending.outcome == Outcome::Denied) return Error{Code::kDenied, "nothing was revealed"};
  return ending.outcome == Outcome::Ok ? kExitOk : kExitIo;
}

}  // namespace

Command reveal_command() {
  const auto args = std::make_shared<RevealArgs>();
  Command command;
  command.words = {"reveal"};
  command.summary = "show a secret to the person at the terminal";
  command.description =
      "Shows the value after a typed confirmation. Works on a terminal only: there is no option "
      "that lets a program have it. The request is recorded before the value is shown.";
  command.positionals = {{"NAME", "name of the secret", &args->name}};
  command.run = [args](Environment& environment) { return reveal(environment, *args); };
  return command;
}

}  // namespace phantom
