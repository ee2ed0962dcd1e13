#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/log_access.h"
#include "cli/output_file.h"
#include "events/encoding.h"
#include "ledger/prove.h"

namespace phantom {
namespace {

struct ProveArgs {
  std::string seq;
  std::optional<std::string> output;
  std::optional<std::string> entry;
  std::optional<std::string> ledger;
};

Result<int> prove(Environment& environment, const ProveArgs& args) {
  const std::optional<Seq> seq = parse_decimal(args.seq);
  if (!seq) {
    environment.out().note("SEQ must be the number of an event");
    return kExitUsage;
  }
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  const std::uint64_t size = log.reader->head().checkpoint.size;
  PH_ASSIGN(const std::string proof, prove_event(*log.reader, *seq));
  if (const auto entry = log.reader->entry(*seq);
      !entry.ok() && entry.error().code == Code::kNotFound) {
    // The proof holds for whoever kept the entry, from an export say; there is nothing to write.
    if (args.entry) return entry.error();
    environment.out().note(entry.error().message + "; the proof serves who kept its bytes");
  }
  if (args.entry) {
    PH_ASSIGN(const Bytes entry, log.reader->entry(*seq));
    PH_TRY(write_output_file(*args.entry, entry));
  }
  if (args.output) {
    PH_TRY(write_output_file(*args.output, as_bytes(proof)));
  } else {
    environment.out().result(proof);
  }
  record_about_log(environment, log, audit_proved(environment.context(), *seq, size));
  return kExitOk;
}

}  // namespace

Command audit_prove_command() {
  const auto args = std::make_shared<ProveArgs>();
  Command command;
  command.words = {"audit", "prove"};
  command.summary = "make a proof of one event that stands alone";
  command.description =
      "Writes a C2SP tlog-proof: the event's place in the tree and the signed checkpoint over it. "
      "Together with the event itself (--entry) anyone who knows the ledger's key can check it "
      "without the ledger: phantom audit verify --proof F --entry F --key VKEY.";
  command.positionals = {{"SEQ", "number of the event", &args->seq}};
  command.options = {
      {"output", "FILE", "write the proof there, not to standard output", &args->output, {}, 'o'},
      {"entry", "FILE", "also write the event's own bytes there", &args->entry},
      {"ledger", "DIR", "another ledger than one's own", &args->ledger}};
  command.run = [args](Environment& environment) { return prove(environment, *args); };
  return command;
}

}  // namespace phantom
