#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "events/random.h"

namespace phantom {

Command ledger_init_command() {
  struct Args {
    bool json = false;
  };
  const auto args = std::make_shared<Args>();
  Command command;
  command.words = {"ledger", "init"};
  command.summary = "start the ledger of this home";
  command.description =
      "Makes keys and an empty ledger and pins its key. Refuses when there is a ledger, and when "
      "there was one: a lost ledger is restored from a backup, not begun anew.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) -> Result<int> {
    PH_ASSIGN(const CreatedLedger made, environment.create_ledger_here());
    if (args->json) {
      Json json;
      json.begin().field_number("v", 1).field("origin", made.origin);
      json.field("ledger_id", made.ledger_id).field("vkey", made.vkey);
      environment.out().line(json.end().str());
    } else {
      environment.out().line(made.vkey);
      environment.out().note("started ledger " + made.origin);
      environment.out().hint("keep the key above elsewhere: it is what others verify with");
    }
    return kExitOk;
  };
  return command;
}

}  // namespace phantom
