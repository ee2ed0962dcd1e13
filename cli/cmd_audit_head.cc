#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "events/encoding.h"

namespace phantom {

Command audit_head_command() {
  struct Args {
    std::optional<std::string> ledger;
    bool json = false;
  };
  const auto args = std::make_shared<Args>();
  Command command;
  command.words = {"audit", "head"};
  command.summary = "print the newest signed checkpoint";
  command.description =
      "Prints the checkpoint as a C2SP signed note, byte for byte. Keep a copy elsewhere: "
      "phantom audit verify --against COPY then notices if the log was cut or changed.";
  command.options = {{"ledger", "DIR", "another ledger than one's own", &args->ledger},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) -> Result<int> {
    PH_ASSIGN(const OpenLog log, open_log(environment, args->ledger));
    const SignedCheckpoint& head = log.reader->head();
    if (!args->json) {
      environment.out().result(head.note);
      return kExitOk;
    }
    Json json;
    json.begin().field_number("v", 1).field("origin", head.checkpoint.origin);
    json.field_number("size", head.checkpoint.size).field("root", to_hex(head.checkpoint.root));
    environment.out().line(json.field("note", head.note).end().str());
    return kExitOk;
  };
  return command;
}

}  // namespace phantom
