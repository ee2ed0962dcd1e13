#include "cli/commands.h"
#include "cli/mcp_stdio.h"

#include <csignal>
#include <sys/signalfd.h>
#include <unistd.h>

namespace phantom {
namespace {

// Blocked before any thread starts, so that only the descriptor hears them.
Result<Fd> watch_for_stop() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Fd stop(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!stop.good()) return Error{Code::kIo, "signals cannot be watched"};
  return stop;
}

Result<int> serve(Environment& environment) {
  McpChildEnvironment children;
  PH_ASSIGN(const Fd stop, watch_for_stop());
  if (isatty(STDIN_FILENO) == 1) {
    environment.out().note("this speaks the Model Context Protocol with a program; Ctrl-D ends it");
    environment.out().hint("'phantom setup' tells your client how to start it");
  }
  McpDesk desk(environment, std::move(children));
  PH_TRY(serve_mcp_stdio(desk, stop));
  return kExitOk;
}

}  // namespace

Command mcp_serve_command() {
  Command command;
  command.words = {"mcp", "serve"};
  command.summary = "serve an agent the tools of phantom over the Model Context Protocol";
  command.description =
      "Speaks MCP on standard input and output, in the revisions 2025-06-18, 2025-11-25 and "
      "2026-07-28. The project is that of the current directory. No tool takes or returns the "
      "value of a secret; tools that change something wait for a person, who answers with phantom "
      "approve. Each call is recorded before it is done. Calls that need the vault use "
      "PHANTOM_VAULT_PASSPHRASE or the key file; there is no terminal to ask on. Ends at the end "
      "of input.";
  command.run = [](Environment& environment) { return serve(environment); };
  return command;
}

}  // namespace phantom
