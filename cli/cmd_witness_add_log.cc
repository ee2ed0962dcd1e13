#include "cli/commands.h"
#include "cli/environment.h"
#include "ledger/home.h"
#include "ledger/witness_directory.h"

namespace phantom {
namespace {

constexpr std::size_t kNoteBytesMax = 64 * 1024;

struct AddLogArgs {
  std::string directory;
  std::string key;
  std::optional<std::string> origin;
  std::optional<std::string> resume;
};

Result<int> add_log(Environment& environment, const AddLogArgs& args) {
  PH_ASSIGN(const VerifierKey key, parse_verifier_key(args.key));
  const std::string origin = args.origin ? *args.origin : key.name;
  std::optional<std::string> note;
  if (args.resume) {
    PH_ASSIGN(const Bytes bytes, read_file(*args.resume, kNoteBytesMax));
    note = as_text(bytes);
  }
  PH_TRY(add_witnessed_log(args.directory, key, origin, note));
  environment.out().note("checkpoints of " + origin + " are cosigned from now on");
  return kExitOk;
}

}  // namespace

Command witness_add_log_command() {
  const auto args = std::make_shared<AddLogArgs>();
  Command command;
  command.words = {"witness", "add-log"};
  command.summary = "watch a log: cosign its checkpoints from now on";
  command.description =
      "Trusts checkpoints of this origin that this key signed; also while the witness serves. "
      "A second key for an origin is added to the first. A log whose state is lost is never begun "
      "anew: --resume takes the newest checkpoint that this witness cosigned, from whoever has it.";
  command.positionals = {{"DIR", "the witness", &args->directory},
                         {"VKEY", "the log's verifier key", &args->key}};
  command.options = {
      {"origin", "TEXT", "the log's origin, where it is not the key's name", &args->origin},
      {"resume", "FILE", "go on from this checkpoint; the state must be lost", &args->resume}};
  command.run = [args](Environment& environment) { return add_log(environment, *args); };
  return command;
}

}  // namespace phantom
