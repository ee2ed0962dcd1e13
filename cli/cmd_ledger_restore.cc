#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verify_inputs.h"
#include "events/encoding.h"
#include "events/limits.h"
#include "ledger/restore.h"

namespace phantom {
namespace {

struct RestoreArgs {
  std::string directory;
  std::vector<std::string> anchors;
  std::optional<std::string> accept_loss;
  bool json = false;
};

// The person types how much is lost, so that it is not done in passing.
Result<std::string> ask(const Checkpoint& backup, const KnownCheckpoint& newest,
                        const std::string& reason) {
  const Checkpoint& newer = newest.checkpoint.checkpoint;
  const std::string lost = std::to_string(newer.size - backup.size);
  const std::string text =
      "The backup ends at " + std::to_string(backup.size) + " events; " + newest.where +
      " knows of " + std::to_string(newer.size) + ".\n" + lost +
      " events would be lost for good, and every checkpoint over them will contradict the "
      "restored ledger.\nThis is recorded in it, with your reason: " +
      escape_terminal(reason) + "\n";
  PH_ASSIGN(const Answer answer, confirm_on_terminal(text, "lose " + lost));
  if (answer == Answer::kNo) return Error{Code::kDenied, "nothing was restored"};
  return reason;
}

void print(Output& out, bool as_json, const Home& home, const Restored& done) {
  if (as_json) {
    Json json;
    json.begin().field_number("v", 1).field("ledger", home.ledger().string());
    json.field("origin", done.head.origin).field_number("restored_size", done.restored.size);
    json.field("restored_root", to_hex(done.restored.root)).key("lost_to_size");
    if (done.lost) {
      json.number(done.lost->size);
    } else {
      json.null();
    }
    json.field_number("size", done.head.size).field("root", to_hex(done.head.root));
    json.field_number("epoch", done.epoch).field("evidence", done.evidence);
    json.key("finished_earlier").truth(done.finished_earlier);
    out.line(json.end().str());
    return;
  }
  if (done.finished_earlier) {
    out.note("an earlier restore was cut off at its end; it is finished now");
  } else {
    out.note("restored " + std::to_string(done.restored.size) + " events to " +
             home.ledger().string() + "; epoch " + std::to_string(done.epoch) +
             " signs from now on");
  }
  if (!done.evidence.empty()) {
    out.note("what was in the way is in " + (home.root / done.evidence).string());
  }
  out.hint("run 'phantom audit verify', and anchor the new head");
}

Result<int> restore(Environment& environment, const RestoreArgs& args) {
  PH_TRY(environment.check_own_ledger());
  PH_ASSIGN(const Home home, environment.home());
  RestoreOptions options;
  options.backup = args.directory;
  options.context = environment.context();
  options.unlock = &environment.key_unlock();
  environment.key_unlock().let_ask(true);
  for (const std::string& file : args.anchors) {
    PH_ASSIGN(const std::string note, read_checkpoint_file(file));
    PH_ASSIGN(SignedCheckpoint anchor, parse_checkpoint(note));
    options.anchors.push_back(std::move(anchor));
  }
  if (args.accept_loss) {
    if (args.accept_loss->empty() || args.accept_loss->size() > kSealedPlainBytesMax) {
      return Error{Code::kInvalid, "--accept-loss needs a reason of at most " +
                                       std::to_string(kSealedPlainBytesMax) + " bytes"};
    }
    options.accept_loss = [&args](const Checkpoint& backup, const KnownCheckpoint& newest) {
      return ask(backup, newest, *args.accept_loss);
    };
  }
  Restored done;
  {
    Progress progress("events");
    options.progress = [&progress](std::uint64_t at, std::uint64_t total) {
      progress.show(at, total);
    };
    PH_ASSIGN(done, restore_ledger(home, options));
  }
  print(environment.out(), args.json, home, done);
  return kExitOk;
}

}  // namespace

Command ledger_restore_command() {
  const auto args = std::make_shared<RestoreArgs>();
  Command command;
  command.words = {"ledger", "restore"};
  command.summary = "build the ledger anew from a backup";
  command.description =
      "Makes the ledger of this home from what phantom ledger backup wrote: every event, root and "
      "signature is checked first. There must be no ledger here, and its signing keys must be. The "
      "restore is recorded in the ledger, and a new epoch key signs from then on.\n"
      "A backup that is older than anything known of the ledger - the trust pin, the head copy, an "
      "anchor given with --against - is refused with both checkpoints, exit code 1. "
      "--accept-loss goes on after a person has confirmed it on a terminal; the reason is sealed "
      "into the record. A backup of another history is always refused.";
  command.positionals = {{"DIR", "the backup", &args->directory}};
  command.options = {
      {"against", "FILE", "a checkpoint kept elsewhere that the backup must reach", &args->anchors},
      {"accept-loss", "REASON", "restore an older backup and record why", &args->accept_loss},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return restore(environment, *args); };
  return command;
}

}  // namespace phantom
