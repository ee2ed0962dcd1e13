#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"

namespace phantom {

Command version_command() {
  struct Args {
    bool json = false;
  };
  const auto args = std::make_shared<Args>();
  Command command;
  command.words = {"version"};
  command.summary = "name this program and its version";
  command.description = "Prints the name and the version.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) -> Result<int> {
    if (args->json) {
      Json json;
      json.begin().field_number("v", 1).field("name", "phantom").field("version", PHANTOM_VERSION);
      environment.out().line(json.end().str());
    } else {
      environment.out().line("phantom " PHANTOM_VERSION);
    }
    return kExitOk;
  };
  return command;
}

}  // namespace phantom
