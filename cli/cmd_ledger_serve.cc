#include "cli/commands.h"
#include "cli/environment.h"

#include <csignal>
#include <sys/signalfd.h>
#include <unistd.h>

namespace phantom {
namespace {

Result<int> serve(Environment& environment) {
  PH_ASSIGN(const Home home, environment.home());
  // Blocked before any thread starts, so that only the descriptor below hears them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const int stop_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (stop_fd < 0) return Error{Code::kIo, "signals cannot be watched"};
  environment.out().note("serving " + home.ledger().string() + " until SIGTERM");
  AppenderOptions options;
  options.unlock = &environment.key_unlock();
  environment.key_unlock().let_ask(true);
  const Status served = serve_ledger(home, options, stop_fd);
  ::close(stop_fd);
  PH_TRY(served);
  return kExitOk;
}

}  // namespace

Command ledger_serve_command() {
  Command command;
  command.words = {"ledger", "serve"};
  command.summary = "be the ledger's writer until told to stop";
  command.description =
      "Takes the ledger's lease and records what other processes send, until SIGTERM or Ctrl-C. "
      "Run it as a service under its own user to keep keys and log out of the agents' reach.";
  command.run = [](Environment& environment) { return serve(environment); };
  return command;
}

}  // namespace phantom
