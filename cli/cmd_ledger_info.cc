#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "events/encoding.h"
#include "events/tags.h"
#include "ledger/rows.h"

namespace phantom {
namespace {

struct InfoArgs {
  std::optional<std::string> ledger;
  bool json = false;
};

Result<int> info(Environment& environment, const InfoArgs& args) {
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  PH_ASSIGN(const LedgerIdentity identity, read_identity(*log.reader));
  PH_ASSIGN(const std::optional<TagState> epochs, log.reader->tag(kEpochTag));
  const std::uint64_t epoch = epochs ? epochs->count : 0;
  const Checkpoint& head = log.reader->head().checkpoint;
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("version", PHANTOM_VERSION);
    json.field("directory", log.directory.string()).field("origin", identity.origin);
    json.field("ledger_id", identity.ledger_id).field("vkey", identity.vkey);
    json.field_number("size", head.size).field("root", to_hex(head.root));
    json.field_number("epoch", epoch).field("format", rows::kFormat);
    out.line(json.end().str());
    return kExitOk;
  }
  out.line("directory  " + escape_terminal(log.directory.string()));
  out.line("origin     " + escape_terminal(identity.origin));
  out.line("key        " + escape_terminal(identity.vkey));
  out.line("size       " + std::to_string(head.size));
  out.line("root       " + to_hex(head.root));
  out.line("epoch      " + std::to_string(epoch));
  out.line("format     " + std::string(rows::kFormat));
  return kExitOk;
}

}  // namespace

Command ledger_info_command() {
  const auto args = std::make_shared<InfoArgs>();
  Command command;
  command.words = {"ledger", "info"};
  command.summary = "print what the ledger says about itself";
  command.description =
      "Prints origin, key, size, root, epoch and format. Nothing is checked here: phantom audit "
      "verify does that.";
  command.options = {{"ledger", "DIR", "another ledger than one's own", &args->ledger},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return info(environment, *args); };
  return command;
}

}  // namespace phantom
