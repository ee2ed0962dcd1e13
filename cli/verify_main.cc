// phantom-verify: what is handed to somebody who has no ledger, checked by a program that has no
// store, no vault and no network in it.

#include "cli/args.h"
#include "cli/help.h"
#include "cli/verify_run.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

using namespace phantom;

Result<int> run(const std::vector<std::string>& words, Output& out) {
  VerifyArgs args;
  Command command;
  command.program = "phantom-verify";
  command.summary = "check what was handed out of a ledger, without the ledger";
  command.description = verify_description(
      "Reads a bundle, a published copy of a ledger, a backup or one proof. Opens no store, no "
      "home and no "
      "connection.",
      "Needs --key or --pins: a key that comes with what is checked proves nothing, and without "
      "one that was kept apart the answer is INDETERMINATE even if nothing is wrong.");
  command.options = verify_flags(args);
  const auto parsed = parse_args(command, words);
  if (!parsed.ok()) {
    out.error(parsed.error());
    return kExitUsage;
  }
  if (parsed->version) {
    out.line("phantom-verify " PHANTOM_VERSION);
    return kExitOk;
  }
  if (parsed->run == nullptr) {
    out.result(help_command(command));
    return kExitOk;
  }
  if (args.ledger) {
    out.note("phantom-verify has no store in it and cannot read a ledger");
    out.hint(
        "'phantom audit verify --ledger' checks a ledger; this checks what was handed out of it");
    return kExitUsage;
  }
  return run_verify(out, {command.program, file_kinds(open_tiles_directory)}, args);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is seen at the write
  Output out(stdout, stderr);
  try {
    const Result<int> result = run({argv + 1, argv + argc}, out);
    if (!result.ok()) out.error(result.error());
    const int code = result.ok() ? *result : exit_code_of(result.error().code);
    const Status written = out.finish();
    if (!written.ok()) {
      out.error(written.error());
      return code == kExitOk ? kExitIo : code;
    }
    return code;
  } catch (const std::exception& error) {
    out.note(std::string("internal error: ") + error.what());
  } catch (...) {
    out.note("internal error");
  }
  return kExitInternal;
}
