#include "cli/commands.h"
#include "cli/environment.h"
#include "ledger/witness_directory.h"

namespace phantom {

Command witness_remove_log_command() {
  struct Args {
    std::string directory;
    std::string origin;
  };
  const auto args = std::make_shared<Args>();
  Command command;
  command.words = {"witness", "remove-log"};
  command.summary = "watch a log no longer";
  command.description =
      "Its checkpoints are answered with 404. What was cosigned is remembered: should the log be "
      "added again, it goes on from there.";
  command.positionals = {{"DIR", "the witness", &args->directory},
                         {"ORIGIN", "the log's origin", &args->origin}};
  command.run = [args](Environment& environment) -> Result<int> {
    PH_TRY(remove_witnessed_log(args->directory, args->origin));
    environment.out().note("checkpoints of " + args->origin + " are no longer cosigned");
    return kExitOk;
  };
  return command;
}

}  // namespace phantom
