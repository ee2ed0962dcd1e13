#include "cli/commands.h"
#include "cli/environment.h"

namespace phantom {

Command audit_path_command() {
  Command command;
  command.words = {"audit", "path"};
  command.summary = "print the directory of the ledger";
  command.description = "Prints the directory, whether there is a ledger in it or not.";
  command.run = [](Environment& environment) -> Result<int> {
    PH_ASSIGN(const Home home, environment.home());
    environment.out().line(home.ledger().string());
    return kExitOk;
  };
  return command;
}

}  // namespace phantom
