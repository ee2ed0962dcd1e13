#include "cli/anchor_timer.h"
#include "cli/child_environment.h"
#include "cli/child_process.h"
#include "cli/commands.h"
#include "cli/config_standing.h"
#include "cli/environment.h"
#include "cli/heartbeat_thread.h"
#include "cli/session_events.h"
#include "cli/vault_access.h"
#include "events/encoding.h"
#include "proxy/proxy.h"
#include "vault/scanner.h"

#include <set>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::chrono::milliseconds kDrainMax{5'000};

struct ExecArgs {
  std::vector<std::string> argv;
  bool quiet = false;
  std::optional<std::string> heartbeat;
};

Status check_audit_mode(const Environment& environment) {
  const char* mode = environment.variable("PHANTOM_AUDIT");
  if (mode == nullptr || *mode == '\0' || std::string_view(mode) == "required") return {};
  return Error{Code::kInvalid,
               "PHANTOM_AUDIT is \"" + escape_terminal(mode) +
                   "\", but recording cannot be turned down in this version",
               "unset PHANTOM_AUDIT or set it to required"};
}

struct SessionSecrets {
  std::map<std::string, ProxySecret> routed;  // the proxy may use these
  std::vector<OpenedSecret> others;           // opened only to keep them from the child
  std::vector<EnvironmentVariable> placeholders;
  std::shared_ptr<const SecretScanner> scanner;

  std::vector<std::string> routed_names() const {
    std::vector<std::string> names;
    for (const auto& [name, secret] : routed) names.push_back(name);
    return names;
  }
  std::vector<std::string_view> values() const {
    std::vector<std::string_view> all;
    for (const auto& [name, secret] : routed) all.push_back(secret.value.text());
    for (const OpenedSecret& secret : others) all.push_back(secret.value.text());
    return all;
  }
};

Result<SessionSecrets> open_session_secrets(VaultAccess& access, const std::vector<Route>& routes) {
  std::set<std::string> wanted;
  for (const Route& route : routes) wanted.insert(route.secret_name);
  std::vector<std::string> routed;
  std::vector<std::string> others;
  SessionSecrets secrets;
  for (const SecretInfo& info : access.vault().list()) {
    (wanted.contains(info.name) ? routed : others).push_back(info.name);
    secrets.placeholders.push_back({info.name, info.placeholder});
  }
  if (routed.empty()) {
    return Error{Code::kNotFound,
                 secrets.placeholders.empty() ? "the vault of this project holds no secret"
                                              : "no secret of this project has a service to go to",
                 secrets.placeholders.empty()
                     ? "run 'phantom add NAME', or 'phantom init' to take them from .env"
                     : "add a [services.NAME] table to .phantom.toml that says where it belongs"};
  }
  PH_ASSIGN(std::vector<OpenedSecret> opened, access.vault().open_secrets(routed, "exec"));
  for (OpenedSecret& each : opened) {
    secrets.routed[each.info.name] = {std::move(each.value), each.info.version};
  }
  if (!others.empty()) {
    PH_ASSIGN(secrets.others, access.vault().open_secrets(others, "keep from child"));
  }
  std::vector<NamedSecret> named;
  for (const auto& [name, secret] : secrets.routed) named.push_back({name, &secret.value});
  for (const OpenedSecret& each : secrets.others) named.push_back({each.info.name, &each.value});
  secrets.scanner = std::make_shared<const SecretScanner>(named);
  return secrets;
}

// The command line as it is recorded: an argument that carries a secret is left out.
std::vector<std::string> recorded_argv(const std::vector<std::string>& argv,
                                       const SecretScanner& scanner) {
  std::vector<std::string> recorded;
  for (const std::string& argument : argv) {
    const auto hit = scanner.find(as_bytes(argument));
    recorded.push_back(hit ? "[withheld: carries the value of " + std::string(hit->name) + "]"
                           : argument);
  }
  return recorded;
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
  PH_ASSIGN(const std::vector<Route> routes,
            routes_for_session(environment, project,
                               args.quiet ? RouteNotices::kNone : RouteNotices::kShown));

  VaultAccess access(environment, project, home);
  access.set_session(new_session_id());
  // The threads of both start here, with the signals of the child blocked.
  PH_TRY(environment.appender());
  PH_TRY(environment.reader());
  {
    const ForwardingPause pause(signals);
    PH_TRY(access.open());
  }
  PH_ASSIGN(SessionSecrets secrets, open_session_secrets(access, routes));
  access.lock();
  environment.release_reader();
  Appender& appender = access.appender();
  appender.set_guard(make_draft_guard(secrets.scanner));

  Proxy::Options options;
  options.routes = routes;
  for (const auto& [name, secret] : secrets.routed) {
    options.secrets[name] = {secret.value.clone(), secret.version};
  }
  options.appender = &appender;
  options.context = access.context();
  options.context.component = "proxy";
  options.project_root = project.root;
  options.channels = channels;
  PH_ASSIGN(const std::unique_ptr<Proxy> proxy, Proxy::start(std::move(options)));

  EnvironmentChange change;
  change.secrets = secrets.values();
  change.set = secrets.placeholders;
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
      "x-phantom-proxy-token only; PHANTOM_PROXY_ALLOW_QUERY_TOKEN=1 also takes it in the query.";
  command.options = {
      {"quiet", "", "no notices on standard error", &args->quiet, {}, 'q'},
      {"heartbeat", "TIME", "between heartbeats in the record, 60s if not given, 0 for none",
       &args->heartbeat}};
  command.rest = &args->argv;
  command.run = [args](Environment& environment) { return exec(environment, *args); };
  return command;
}

}  // namespace phantom
