#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/service_notice.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "ledger/socket.h"
#include "ledger/witness_directory.h"
#include "proxy/witness_server.h"

#include <csignal>
#include <poll.h>
#include <sys/signalfd.h>

namespace phantom {
namespace {

constexpr std::chrono::seconds kGrace{5};
constexpr std::uint64_t kRateMax = 1'000'000;

struct ServeArgs {
  std::string directory;
  std::string listen = "127.0.0.1:8311";
  std::optional<std::string> prefix;
  std::optional<std::uint64_t> rate;
};

Result<WitnessServerOptions> options_of(const ServeArgs& args) {
  WitnessServerOptions options;
  PH_ASSIGN(options.listen, parse_listen_address(args.listen));
  if (args.prefix) options.prefix = *args.prefix;
  while (options.prefix.ends_with('/')) options.prefix.pop_back();
  for (const char c : options.prefix) {
    if (c <= ' ' || c >= 0x7f || c == '?' || c == '#') options.prefix = "?";
  }
  if (!options.prefix.empty() && !options.prefix.starts_with('/')) {
    return Error{Code::kInvalid, "--prefix is the path of a URL", "it looks like /witness"};
  }
  if (args.rate) {
    if (*args.rate > kRateMax) return Error{Code::kInvalid, "--rate is out of range"};
    options.limits.requests_per_second = static_cast<double>(*args.rate);
    options.limits.requests_burst = 2 * options.limits.requests_per_second;
  }
  return options;
}

void wait_for(const Fd& stop) {
  pollfd waiting{stop.get(), POLLIN, 0};
  while (::poll(&waiting, 1, -1) <= 0) {
  }
}

Result<int> serve(Environment& environment, const ServeArgs& args) {
  PH_ASSIGN(WitnessServerOptions options, options_of(args));
  // Blocked before any thread starts, so that only the descriptor below hears them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const Fd stop(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!stop.good()) return Error{Code::kIo, "signals cannot be watched"};
  const std::string prefix = options.prefix;
  Output& out = environment.out();
  PH_ASSIGN(const auto witness,
            ServingWitness::open(args.directory, system_clock(),
                                 [&out](const std::string& text) { out.note(text); }));
  PH_ASSIGN(const auto server, WitnessServer::start(*witness, std::move(options)));
  out.line(witness->key().text());
  out.line("http://" + server->address().text() + prefix);
  out.flush();
  if (!server->address().is_loopback) {
    out.note("this is plain HTTP on a network: put a TLS server in front of it");
  }
  out.note("serving the witness in " + args.directory + " until SIGTERM");
  notify_service_manager("READY=1");
  wait_for(stop);
  server->stop(kGrace);
  return kExitOk;
}

}  // namespace

Command witness_serve_command() {
  const auto args = std::make_shared<ServeArgs>();
  Command command;
  command.words = {"witness", "serve"};
  command.summary = "cosign checkpoints of the logs it watches until told to stop";
  command.description =
      "Speaks C2SP tlog-witness v1.0.0 over plain HTTP: POST add-checkpoint cosigns a checkpoint "
      "that "
      "continues the one cosigned last, GET <origin digest>/checkpoint gives the newest. Prints "
      "its "
      "key and its URL; serves until SIGTERM or Ctrl-C. The newest checkpoint is on disk before a "
      "cosignature leaves. One process serves a directory. On a network put a TLS server in front.";
  command.positionals = {{"DIR", "the witness", &args->directory}};
  command.options = {
      {"listen", "ADDR:PORT", "where to listen; 127.0.0.1:8311, port 0 for a free one",
       &args->listen},
      {"prefix", "PATH", "what the paths of its URLs start with", &args->prefix},
      {"rate", "N", "requests a second of one client address; 100, 0 for no limit", &args->rate}};
  command.run = [args](Environment& environment) { return serve(environment, *args); };
  return command;
}

}  // namespace phantom
