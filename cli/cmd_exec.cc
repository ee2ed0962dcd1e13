#include "cli/anchor_timer.h"
#include "cli/child_environment.h"
#include "cli/child_process.h"
#include "cli/commands.h"
#include "cli/config_standing.h"
#include "cli/environment.h"
#include "cli/heartbeat_thread.h"
#include "cli/secret_environment.h"
#include "cli/session_events.h"
#include "cli/session_secrets.h"
#include "cli/vault_access.h"
#include "events/encoding.h"
#include "proxy/proxy.h"
#include "vault/scanner.h"

#include <unistd.h>

namespace phantom {
namespace {

constexpr std::chrono::milliseconds kDrainMax{5'000};

struct ExecArgs {
  std::vector<std::string> argv;
  bool quiet = false;
  std::optional<std::string> heartbeat;
  std::optional<std::string> environment;
};

Status check_audit_mode(const Environment& environment) {
  const char* mode = environment.variable("PHANTOM_AUDIT");
  if (mode == nullptr || *mode == '\0' || std::string_view(mode) == "required") return {};
  return Error{Code::kInvalid,
               "PHANTOM_AUDIT is \"" + escape_terminal(mode) +
                   "\", but recording cannot be turned down in this version",
               "unset PHANTOM_AUDIT or set it to required"};
}

std::vector<std::string> inherited_environment() {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) variables.emplace_back(*each);
  return variables;
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

int exit_code_of_child(const Result<ChildEnd>& end) {
  if (!end.ok()) {
    return end.error().code == Code::kNotFound ? kExitCommandMissing : kExitCannotRun;
  }
  return end->signal != 0 ? 128 + end->signal : end->exit_code;
}

std::string new_session_id() {
  std::array<std::uint8_t, 16> id{};
  system_random().fill(id);
  return to_hex(id);
}

// What a session that was not started leaves behind; `error` is why, whether recorded or not.
Error refused(Environment& environment, const SessionRefusal& refusal, Context context,
              Error error) {
  auto appender = environment.appender();
  if (appender.ok()) (void)(*appender)->append(session_refused(context, refusal));
  return error;
}

Reason reason_of_opening(const Error& error) {
  if (error.code == Code::kNotFound) return Reason::SecretMissing;
  if (error.code == Code::kDenied) return Reason::SecretExpired;
  return Reason::None;
}

Result<int> exec(Environment& environment, const ExecArgs& args) {
  if (args.argv.empty() || args.argv[0].empty()) {
    environment.out().note("exec needs a command");
    environment.out().hint("phantom exec -- COMMAND [ARGUMENT...]");
    return kExitUsage;
  }
  const InheritedDescriptors inherited;
  PH_ASSIGN(const SignalForwarder signals, SignalForwarder::start());
  PH_TRY(check_audit_mode(environment));
  PH_ASSIGN(const std::chrono::nanoseconds interval,
            parse_heartbeat(args.heartbeat.value_or(kHeartbeatDefault)));
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const auto service, environment.service());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  const TokenChannels channels =
      token_channels(environment.variable("PHANTOM_PROXY_HEADER_AUTH_ONLY"),
                     environment.variable("PHANTOM_PROXY_ALLOW_QUERY_TOKEN"));
  PH_ASSIGN(const std::string chosen,
            secret_environment(args.environment, environment.variable("PHANTOM_ENV")));
  VaultAccess access(environment, project, home);
  access.set_session(new_session_id());
  SessionRefusal refusal{args.argv[0], project.config.digest, Reason::RouteNotAccepted};
  Result<std::vector<Route>> accepted = routes_for_session(
      environment, project, args.quiet ? RouteNotices::kNone : RouteNotices::kShown);
  if (!accepted.ok()) {
    return refused(environment, refusal, access.context(), std::move(accepted.error()));
  }
  const std::vector<Route> routes = routes_in(chosen, std::move(*accepted));

  // The threads of both start here, with the signals of the child blocked.
  PH_TRY(environment.appender());
  PH_TRY(environment.reader());
  {
    const ForwardingPause pause(signals);
    if (Status opened = access.open(); !opened.ok()) {
      refusal.reason = Reason::None;
      return refused(environment, refusal, access.context(), std::move(opened.error()));
    }
  }
  Result<SessionSecrets> opened = open_session_secrets(access.vault(), routes, chosen);
  if (!opened.ok()) {
    refusal.reason = reason_of_opening(opened.error());
    return refused(environment, refusal, access.context(), std::move(opened.error()));
  }
  const SessionSecrets secrets = std::move(*opened);
  const bool key_in_session = access.vault().key_is_in_session();
  access.lock();
  environment.release_reader();
  Appender& appender = access.appender();
  appender.set_guard(make_draft_guard(secrets.scanner));

  Proxy::Options options;
  options.routes = routes;
  for (const auto& [name, secret] : secrets.routed) {
    options.secrets[name] = {secret.value.clone(), secret.version, secret.expires_ns};
  }
  options.appender = &appender;
  options.context = access.context();
  options.context.component = "proxy";
  options.project_root = project.root;
  options.channels = channels;
  PH_ASSIGN(const std::unique_ptr<Proxy> proxy, Proxy::start(std::move(options)));

  EnvironmentChange change;
  change.secrets = secrets.values();
  // The way to the service that has the vault's key need not be handed to the command.
  if (key_in_session) change.unset = {"DBUS_SESSION_BUS_ADDRESS"};
  change.set = secrets.placeholders;
  change.set.push_back({"PHANTOM_ENV", chosen});  // commands of phantom below are in the same one
  for (EnvironmentVariable& each : proxy->environment()) change.set.push_back(std::move(each));
  const ChildEnvironment child = make_child_environment(inherited_environment(), change);

  SessionStart start;
  start.argv = recorded_argv(args.argv, *secrets.scanner);
  start.cwd = here.string();
  start.proxy_port = proxy->port();
  start.token_channels = channels.names();
  start.services = proxy->services();
  start.secret_names = secrets.routed_names();
  start.config_digest = project.config.digest;
  PH_ASSIGN(const Receipt started, appender.append(session_started(access.context(), start)));
  if (!args.quiet) {
    environment.out().note("session " + access.context().session + " reaches " +
                           joined(start.services));
    if (!child.dropped.empty()) {
      environment.out().note("left out of the environment, because a secret is in it: " +
                             joined(child.dropped));
    }
  }
  Heartbeat::Options heartbeats;
  heartbeats.recorder = "session";
  heartbeats.announce = Heartbeat::Announce::kWithFirstBeat;
  heartbeats.interval = interval;
  heartbeats.context = access.context();
  HeartbeatThread heartbeat(std::move(heartbeats), appender);
  std::optional<AnchorTimer> anchors;
  if (!service) {
    anchors.emplace(AnchorTimer::Options{
        home, environment.context(), [&](Draft draft) { return appender.append(std::move(draft)); },
        [&](const char* name) { return environment.variable(name); }});
  }
  inherited.keep_only_these();
  const Result<ChildEnd> end = run_child(args.argv, child.variables, signals);
  const int exit_code = exit_code_of_child(end);
  if (!end.ok()) environment.out().error(end.error());

  proxy->stop(kDrainMax);
  heartbeat.stop();
  const ProxyStats stats = proxy->stats();
  SessionEnd ended;
  ended.exit_code = end.ok() ? end->exit_code : exit_code;
  ended.signal = end.ok() ? end->signal : 0;
  ended.requests = stats.forwarded;
  ended.denied = stats.denied;
  PH_TRY(appender.append(session_ended(access.context(), ended, started.seq)));
  if (anchors) anchors->stop();  // with the session's end in what it anchors
  return exit_code;
}

}  // namespace

Command exec_command() {
  const auto args = std::make_shared<ExecArgs>();
  Command command;
  command.words = {"exec"};
  command.summary = "run a command that can use the project's keys without having them";
  command.description =
      "Starts a proxy on the loopback interface for this one command, puts base URLs and "
      "placeholders into its environment and runs it in the foreground. Requests that come through "
      "the proxy get the real key at the network's edge, each recorded before it leaves. The exit "
      "code is the command's own, or 128 and the number of the signal that ended it.\n"
      "Nothing but the command's own output goes to standard output. Refuses to run anything when "
      "the vault, the ledger or the routes are not in order.\n"
      "PHANTOM_PROXY_HEADER_AUTH_ONLY=1 takes the session token in the header "
      "x-phantom-proxy-token only; PHANTOM_PROXY_ALLOW_QUERY_TOKEN=1 also takes it in the query.\n"
      "The secrets are those of one environment (--env). A secret whose time is over is refused: "
      "before "
      "the command starts, or in the middle of the session.";
  command.options = {
      environment_option(&args->environment),
      {"quiet", "", "no notices on standard error", &args->quiet, {}, 'q'},
      {"heartbeat", "TIME", "between heartbeats in the record, 60s if not given, 0 for none",
       &args->heartbeat}};
  command.rest = &args->argv;
  command.run = [args](Environment& environment) { return exec(environment, *args); };
  return command;
}

}  // namespace phantom
