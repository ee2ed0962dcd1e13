#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/verify_run.h"

namespace phantom {

Command audit_verify_command() {
  const auto args = std::make_shared<VerifyArgs>();
  Command command;
  command.words = {"audit", "verify"};
  command.summary = "check that the record is whole and unchanged";
  command.description = verify_description(
      "Reads the whole ledger, a bundle, a published copy, a backup, or one proof. Works beside a "
      "running "
      "writer.",
      "Reads every event. The signatures it checks are those of the newest checkpoints and of the "
      "ones that end an epoch: --deep checks all. --incremental begins at the trusted checkpoint, "
      "for a check after each push; without one that holds it reads everything.\n"
      "One's own ledger is checked against the key pinned when it was made and the checkpoint of "
      "the last good run, which then moves forward. Anyone else's needs --key: without it the "
      "answer is INDETERMINATE even if nothing is wrong.");
  command.options = verify_flags(*args);
  command.run = [args](Environment& environment) {
    VerifyProgram program{"phantom audit verify", file_kinds(open_tiles_anywhere), "ledger"};
    program.timestamps = &check_timestamp;
    program.kinds.insert(program.kinds.begin(), ledger_kind(environment));
    return run_verify(environment.out(), program, *args);
  };
  return command;
}

}  // namespace phantom
