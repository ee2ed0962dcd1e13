#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/environment.h"

namespace phantom {

Command completion_command() {
  struct Args {
    std::string shell;
  };
  const auto args = std::make_shared<Args>();
  Command command;
  command.words = {"completion"};
  command.summary = "print a shell completion script";
  command.description =
      "Prints a script that completes phantom's commands and options.\n"
      "bash: source <(phantom completion bash)\n"
      "zsh: source <(phantom completion zsh)\n"
      "fish: phantom completion fish | source";
  command.positionals = {{"SHELL", "which shell", &args->shell, Need::kRequired,
                          std::vector<std::string>(std::begin(kShells), std::end(kShells))}};
  command.run = [args](Environment& environment) -> Result<int> {
    environment.out().result(completion_script(environment.commands(), args->shell));
    return kExitOk;
  };
  return command;
}

}  // namespace phantom
