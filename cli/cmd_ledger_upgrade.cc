#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "ledger/upgrade.h"

namespace phantom {
namespace {

struct UpgradeArgs {
  bool json = false;
};

Result<int> upgrade(Environment& environment, const UpgradeArgs& args) {
  PH_TRY(environment.check_own_ledger());
  PH_ASSIGN(const Home home, environment.home());
  Upgraded done;
  {
    Progress progress("events");
    UpgradeOptions options;
    options.progress = [&progress](std::uint64_t at, std::uint64_t total) {
      progress.show(at, total);
    };
    PH_ASSIGN(done, upgrade_ledger(home, options));
  }
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("format_before", done.format_before);
    json.field("format", done.format).field_number("size", done.head.size);
    json.key("changed").truth(done.changed);
    out.line(json.end().str());
  } else if (!done.changed) {
    out.note("the ledger has the format " + done.format + " already");
  } else {
    out.note("upgraded " + std::to_string(done.head.size) + " events from " + done.format_before +
             " to " + done.format);
    out.hint("run 'phantom audit verify'; events, checkpoints and proofs are what they were");
  }
  return kExitOk;
}

}  // namespace

Command ledger_upgrade_command() {
  const auto args = std::make_shared<UpgradeArgs>();
  Command command;
  command.words = {"ledger", "upgrade"};
  command.summary = "bring the store to the format of this phantom";
  command.description =
      "Makes the store anew in the present format, beside the old one, checks it, and puts it in "
      "place. Events, checkpoints and signatures stay what they are, byte for byte. There must be "
      "no writer. Cut off at any point, it is simply started again. Needs as much room as the "
      "ledger takes.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return upgrade(environment, *args); };
  return command;
}

}  // namespace phantom
