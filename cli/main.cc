#include "cli/args.h"
#include "cli/environment.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/wiring.h"
#include "vault/secret.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

int run(const phantom::CommandTable& table, const std::vector<std::string>& args,
        phantom::Output& out) {
  const auto parsed = phantom::parse_args(table, args);
  if (!parsed.ok()) {
    out.error(parsed.error());
    return phantom::kExitUsage;
  }
  phantom::Environment environment(out, table);
  const phantom::Command* command = parsed->run;
  if (parsed->version) command = table.find({"version"});
  if (command == nullptr) {
    const std::vector<std::string>& words = parsed->help_for;
    if (words.empty()) {
      out.result(phantom::help_overview(table));
    } else if (const phantom::Command* named = table.find(words)) {
      out.result(phantom::help_command(*named));
    } else {
      std::string group;
      for (const std::string& word : words) group += (group.empty() ? "" : " ") + word;
      out.result(phantom::help_group(table, group));
    }
    return phantom::kExitOk;
  }
  const auto result = command->run(environment);
  if (!result.ok()) out.error(result.error());
  const phantom::Status closed = environment.close();
  if (!closed.ok()) out.error(closed.error());
  if (!result.ok()) return phantom::exit_code_of(result.error().code);
  if (!closed.ok() && *result == phantom::kExitOk) {
    return phantom::exit_code_of(closed.error().code);
  }
  return *result;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is seen at the write
  phantom::Output out(stdout, stderr);
  if (const phantom::Status hardened = phantom::harden_process(); !hardened.ok()) {
    out.error(hardened.error());
    return phantom::kExitInternal;
  }
  // The only place that catches what nobody expected.
  try {
    const phantom::CommandTable table = phantom::make_command_table();
    const std::vector<std::string> args(argv + 1, argv + argc);
    const int code = run(table, args, out);
    const phantom::Status written = out.finish();
    if (!written.ok()) {
      out.error(written.error());
      return code == phantom::kExitOk ? phantom::kExitIo : code;
    }
    return code;
  } catch (const std::exception& error) {
    out.note(std::string("internal error: ") + error.what());
  } catch (...) {
    out.note("internal error");
  }
  return phantom::kExitInternal;
}
