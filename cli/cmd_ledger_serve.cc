#include "cli/anchor_timer.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/heartbeat_thread.h"
#include "cli/service_group.h"
#include "cli/service_notice.h"
#include "ledger/serve.h"

#include <csignal>
#include <sys/signalfd.h>

namespace phantom {
namespace {

struct ServeArgs {
  std::optional<std::string> socket;
  std::vector<std::string> groups;
  std::vector<std::string> uids;
  std::optional<std::string> heartbeat;
};

Result<std::optional<Door>> door_of(const ServeArgs& args) {
  if (!args.socket) {
    if (args.groups.empty() && args.uids.empty()) return std::optional<Door>();
    return Error{Code::kInvalid,
                 "the ledger's own directory lets nobody else in: other users need a socket "
                 "outside of it",
                 "add --socket PATH, like /run/phantom/ledger.sock"};
  }
  Door door;
  std::error_code code;
  door.path = std::filesystem::absolute(*args.socket, code).lexically_normal();
  if (code || !door.path.has_filename()) {
    return Error{Code::kInvalid, "--socket needs the path of a file"};
  }
  for (const std::string& group : args.groups) {
    PH_ASSIGN(const std::uint32_t gid, group_id(group));
    door.admission.gids.push_back(gid);
  }
  for (const std::string& uid : args.uids) {
    PH_ASSIGN(const std::uint32_t number, user_id(uid));
    door.admission.uids.push_back(number);
  }
  return std::optional(std::move(door));
}

Result<int> serve(Environment& environment, const ServeArgs& args) {
  PH_TRY(environment.check_own_ledger());
  PH_ASSIGN(const Home home, environment.home());
  ServeOptions options;
  PH_ASSIGN(options.door, door_of(args));
  PH_ASSIGN(options.heartbeat, parse_heartbeat(args.heartbeat.value_or(kHeartbeatDefault)));
  options.context = environment.context();
  options.context.component = "ledger";
  // Blocked before any thread starts, so that only the descriptor below hears them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const Fd stop(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!stop.good()) return Error{Code::kIo, "signals cannot be watched"};
  options.appender.unlock = &environment.key_unlock();
  environment.key_unlock().let_ask(true);
  options.ready = [&] {
    const std::string where = options.door ? " at " + options.door->path.string() : std::string();
    environment.out().note("serving " + home.ledger().string() + where + " until SIGTERM");
    notify_service_manager("READY=1");
  };
  options.beside = [&](std::function<Result<Receipt>(Draft)> append) -> std::shared_ptr<void> {
    return std::make_shared<AnchorTimer>(
        AnchorTimer::Options{home, options.context, std::move(append),
                             [&](const char* name) { return environment.variable(name); }});
  };
  PH_TRY(serve_ledger(home, options, stop.get()));
  return kExitOk;
}

}  // namespace

Command ledger_serve_command() {
  const auto args = std::make_shared<ServeArgs>();
  Command command;
  command.words = {"ledger", "serve"};
  command.summary = "be the ledger's writer until told to stop";
  command.description =
      "Takes the ledger's lease and records what other processes send, until SIGTERM or Ctrl-C; "
      "what was accepted by then is answered. Run it as a service under its own user to keep keys "
      "and log out of the agents' reach: other users then submit through --socket, which lies in a "
      "directory that only the service writes to, and which lets in the service's own user and "
      "who is named here. The kernel says who calls. Without --socket only the own user is "
      "served.\n"
      "Records that it started, that it is there every minute, and that it stopped: phantom audit "
      "uptime shows when it was.";
  command.options = {
      {"socket", "PATH", "serve other users at this socket", &args->socket},
      {"allow-group", "GROUP", "let in the members of this group", &args->groups},
      {"allow-uid", "UID", "let in the user with this number", &args->uids},
      {"heartbeat", "TIME", "between heartbeats in the record, 60s if not given, 0 for none",
       &args->heartbeat}};
  command.run = [args](Environment& environment) { return serve(environment, *args); };
  return command;
}

}  // namespace phantom
