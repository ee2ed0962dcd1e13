#include "cli/commands.h"
#include "cli/disk_text.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "events/encoding.h"
#include "ledger/epochs.h"
#include "ledger/prune.h"
#include "ledger/rows.h"

namespace phantom {
namespace {

struct InfoArgs {
  std::optional<std::string> ledger;
  bool json = false;
  bool entries = false;
};

constexpr std::size_t kEpochsShown = 10;

std::string epoch_line(const EpochRecord& epoch) {
  std::string line = std::to_string(epoch.number) + ": " + std::to_string(epoch.events) +
                     (epoch.events == 1 ? " event from " : " events from ") +
                     std::to_string(epoch.first_seq) + " on, announced at " +
                     std::to_string(epoch.announced_seq);
  if (!epoch.closed_seq) return line + ", in force";
  return line + ", closed at " + std::to_string(*epoch.closed_seq) + " (" +
         escape_terminal(epoch.close_reason) + ")";
}

std::string_view format_of(const LedgerReader& reader) {
  return reader.first_kept() > 0 ? rows::kPrunedFormat : rows::kFormat;
}

std::string removed_line(const LedgerReader& reader) {
  const std::string line = "event " + std::to_string(reader.first_kept());
  const auto prune = newest_prune(reader);
  if (!prune.ok() || !*prune) return line + "; no event says so";
  return line + ", as event " + std::to_string((*prune)->request.seq) + " says (" +
         escape_terminal((*prune)->request.policy) + ")" +
         ((*prune)->state == NewestPrune::State::kCompleted ? "" : ", unfinished");
}

void add_epoch(Json& json, const EpochRecord& epoch) {
  json.begin().field_number("epoch", epoch.number).field("vkey", epoch.vkey);
  json.field_number("announced_seq", epoch.announced_seq);
  json.field_number("first_seq", epoch.first_seq).field_number("events", epoch.events);
  json.key("closed_seq");
  if (epoch.closed_seq) {
    json.number(*epoch.closed_seq);
  } else {
    json.null();
  }
  json.field("close_reason", epoch.close_reason).end();
}

Result<int> info(Environment& environment, const InfoArgs& args) {
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  PH_ASSIGN(const LedgerIdentity identity, read_identity(*log.reader));
  PH_ASSIGN(const std::vector<EpochRecord> epochs, read_epochs(*log.reader));
  const Checkpoint& head = log.reader->head().checkpoint;
  std::filesystem::path keys;
  if (log.own) {
    PH_ASSIGN(const Home home, environment.home());
    keys = home.keys();
  }
  PH_ASSIGN(DiskReport disk, report_disk(log.directory, keys));
  if (args.entries) {
    PH_ASSIGN(disk.entry_bytes, count_entry_bytes(*log.reader));
  }
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("version", PHANTOM_VERSION);
    json.field("directory", log.directory.string()).field("origin", identity.origin);
    json.field("ledger_id", identity.ledger_id).field("vkey", identity.vkey);
    json.field_number("size", head.size).field("root", to_hex(head.root));
    json.field_number("epoch", epochs.back().number).field("format", format_of(*log.reader));
    json.field_number("first_kept", log.reader->first_kept());
    json.key("epochs").begin_list();
    for (const EpochRecord& epoch : epochs) add_epoch(json, epoch);
    json.end_list().key("disk");
    add_disk(json, disk);
    out.line(json.end().str());
    return kExitOk;
  }
  out.line("directory  " + escape_terminal(log.directory.string()));
  out.line("origin     " + escape_terminal(identity.origin));
  out.line("key        " + escape_terminal(identity.vkey));
  out.line("size       " + std::to_string(head.size));
  out.line("root       " + to_hex(head.root));
  out.line("epoch      " + std::to_string(epochs.back().number));
  out.line("format     " + std::string(format_of(*log.reader)));
  if (log.reader->first_kept() > 0) out.line("first kept " + removed_line(*log.reader));
  out.line("disk       " + disk_line(disk));
  if (disk.entry_bytes) out.line("           " + entries_line(disk));
  const std::size_t hidden = epochs.size() > kEpochsShown ? epochs.size() - kEpochsShown : 0;
  if (hidden > 0) out.line("           " + std::to_string(hidden) + " earlier epochs, see --json");
  for (std::size_t i = hidden; i < epochs.size(); ++i) {
    out.line("epoch key  " + epoch_line(epochs[i]));
    out.line("           " + escape_terminal(epochs[i].vkey));
  }
  return kExitOk;
}

}  // namespace

Command ledger_info_command() {
  const auto args = std::make_shared<InfoArgs>();
  Command command;
  command.words = {"ledger", "info"};
  command.summary = "print what the ledger says about itself";
  command.description =
      "Prints origin, key, size, root, format, the bytes on disk and the history of epoch keys. "
      "Nothing is checked here: phantom audit verify does that.";
  command.options = {{"ledger", "DIR", "another ledger than one's own", &args->ledger},
                     {"entries", "", "count the bytes of all entries too", &args->entries},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return info(environment, *args); };
  return command;
}

}  // namespace phantom
