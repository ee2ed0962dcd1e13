#include "cli/anchor_push.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/output_file.h"
#include "events/encoding.h"
#include "ledger/prove.h"

namespace phantom {
namespace {

struct ExportArgs {
  std::string name;
  std::optional<std::string> output;
};

Result<std::string> note_of(Environment& environment, const ExportArgs& args) {
  PH_ASSIGN(const Home root, environment.home());
  if (args.name.empty()) {
    PH_ASSIGN(LedgerReader* const reader, environment.reader());
    PH_ASSIGN(const SignedCheckpoint synced, newest_synced(root, *reader));
    PH_ASSIGN(SignedCheckpoint outside, outside_checkpoint(synced));
    return std::move(outside.note);
  }
  const AnchorFiles files = anchor_files(root);
  PH_ASSIGN(const std::vector<std::uint64_t> sizes, receipt_sizes(files, args.name));
  if (sizes.empty()) {
    return Error{Code::kNotFound, "there is no receipt of " + escape_terminal(args.name)};
  }
  PH_ASSIGN(AnchorReceipt receipt, read_receipt(files, args.name, sizes.back()));
  return std::move(receipt.note);
}

}  // namespace

Command audit_anchor_export_command() {
  const auto args = std::make_shared<ExportArgs>();
  Command command;
  command.words = {"audit", "anchor", "export"};
  command.summary = "print a checkpoint to be kept elsewhere";
  command.description =
      "Prints the checkpoint of an anchor's newest receipt, with the cosignatures it has, or "
      "without a name the ledger's newest. It is short text: mail it, print it, put it into a "
      "ticket. phantom audit verify --against FILE then notices if the log was cut or changed.";
  command.positionals = {{"NAME", "an anchor of the policy", &args->name, Need::kOptional}};
  command.options = {{"output", "FILE", "write it there", &args->output, {}, 'o'}};
  command.run = [args](Environment& environment) -> Result<int> {
    PH_ASSIGN(const std::string note, note_of(environment, *args));
    if (args->output) {
      PH_TRY(write_output_file(*args->output, as_bytes(note)));
    } else {
      environment.out().result(note);
    }
    return kExitOk;
  };
  return command;
}

}  // namespace phantom
