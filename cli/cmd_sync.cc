#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/platform_session.h"
#include "cli/progress.h"
#include "cli/secret_environment.h"
#include "cli/sync_report.h"
#include "cli/vault_access.h"
#include "events/encoding.h"
#include "proxy/name_pattern.h"
#include "vault/secret_name.h"

#include <set>

namespace phantom {
namespace {

struct SyncArgs {
  std::optional<std::string> name;
  std::optional<std::string> platform;
  std::optional<std::string> environment;
  std::vector<std::string> only;
  bool dry_run = false;
  bool prune = false;
  bool json = false;

  SyncMode mode() const { return dry_run ? SyncMode::kDryRun : SyncMode::kReal; }
};

// What a run works with once the vault was opened.
struct Opened {
  std::vector<SecretInfo> here;      // all of the environment, but for platforms' tokens
  std::set<std::string> kept;        // their full names, with the tokens'
  std::vector<OpenedSecret> values;  // those that some target wants and whose time is not over
  PlatformTokens tokens;
};

std::string name_of(const std::string& full_name) {
  return std::string(split_secret_name(full_name).name);
}

bool is_asked_for(const SyncArgs& args, const SyncTarget& target, const std::string& full_name) {
  const std::string name = name_of(full_name);
  return (!args.name || *args.name == name) && is_chosen(name, args.only, {}) &&
         is_chosen(name, target.config.only, target.config.except);
}

bool is_asked_for(const SyncArgs& args, const std::vector<SyncTarget>& targets,
                  const std::string& full_name) {
  for (const SyncTarget& target : targets) {
    if (is_asked_for(args, target, full_name)) return true;
  }
  return false;
}

// What NAME says, before anything is opened.
Status check_name(const SyncArgs& args, const Project& project, const std::string& environment,
                  const Opened& opened) {
  if (!args.name) return {};
  const std::string shown = escape_terminal(*args.name);
  if (is_platform_token(project.config.sync, *args.name)) {
    return Error{Code::kDenied, shown + " is the token of a platform, which goes to no platform"};
  }
  const bool there = opened.kept.contains(full_secret_name(environment, *args.name));
  if (there || args.prune) return {};
  return Error{Code::kNotFound, "there is no secret " + shown + " in " + environment,
               "'phantom list' shows the names; --env chooses the environment"};
}

Result<Opened> open_what_is_asked_for(VaultAccess& access, const SyncArgs& args,
                                      const Project& project,
                                      const std::vector<SyncTarget>& targets,
                                      const std::string& environment) {
  Opened opened;
  std::vector<std::string> wanted = PlatformTokens::names(targets);
  const std::size_t token_count = wanted.size();
  std::vector<std::string> expired;
  const std::int64_t now = system_clock().wall_ns();
  for (SecretInfo& info : access.vault().list()) {
    const SecretNameParts parts = split_secret_name(info.name);
    if (parts.environment != environment) continue;
    opened.kept.insert(info.name);
    if (is_platform_token(project.config.sync, parts.name)) continue;
    if (is_asked_for(args, targets, info.name)) {
      (is_expired(info, now) ? expired : wanted).push_back(info.name);
    }
    opened.here.push_back(std::move(info));
  }
  PH_TRY(check_name(args, project, environment, opened));
  if (wanted.size() == token_count && expired.empty() && !args.prune) {
    return Error{Code::kNotFound, "no secret of " + environment + " is chosen for a platform",
                 "look at --only, and at only and except in .phantom.toml"};
  }
  if (!expired.empty()) {
    // Refused and recorded by the vault; the items say so.
    const auto refused = access.vault().open_secrets(expired, "sync");
    if (!refused.ok() && refused.error().code != Code::kDenied) return refused.error();
  }
  PH_TRY(opened.tokens.take_variables(targets));
  PH_ASSIGN(std::vector<OpenedSecret> values, access.vault().open_secrets(wanted, "sync"));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i < token_count) {
      opened.tokens.put(std::move(values[i]));
    } else {
      opened.values.push_back(std::move(values[i]));
    }
  }
  return opened;
}

std::vector<WantedSecret> wanted_at(const SyncTarget& target, const SyncArgs& args,
                                    const Opened& opened) {
  std::vector<WantedSecret> wanted;
  for (const SecretInfo& info : opened.here) {
    if (!is_asked_for(args, target, info.name)) continue;
    WantedSecret secret{info.name, info.version, nullptr};
    for (const OpenedSecret& each : opened.values) {
      if (each.info.name == info.name) secret.value = &each.value;
    }
    if (secret.value != nullptr && opened.tokens.is_one(*secret.value)) {
      secret.kind = WantedSecret::Kind::kPlatformToken;
    }
    wanted.push_back(std::move(secret));
  }
  return wanted;
}

// Names phantom may delete there; the others are left.
Result<std::set<std::string>> prunable(const VaultAccess& access, LedgerReader& reader,
                                       const Platform& platform, const SyncTarget& target,
                                       const SyncArgs& args, const Opened& opened,
                                       const std::vector<RemoteEntry>& remote,
                                       std::vector<std::string>& left) {
  std::set<std::string> names;
  if (!args.prune) return names;
  for (const std::string& full : surplus_names(platform, target, opened.kept, remote)) {
    if (!is_asked_for(args, target, full)) continue;
    PH_ASSIGN(const bool ours, is_synced_there(reader, access.context().project, target, full));
    if (ours) {
      names.insert(full);
    } else {
      left.push_back(remote_name(target, full));
    }
  }
  return names;
}

Result<TargetReport> sync_target(VaultAccess& access, const SyncTarget& target,
                                 const SyncArgs& args, const Opened& opened) {
  const Platform* platform = find_platform(target.config.platform);
  PH_CHECK(platform != nullptr, "a configuration names a platform that is not there");
  TargetReport result{target, {}, {}};
  const std::vector<WantedSecret> wanted = wanted_at(target, args, opened);
  PH_ASSIGN(const SecretBytes* token, opened.tokens.find(target));
  PH_ASSIGN(const PlatformSession session, PlatformSession::open(*platform, target, *token));

  PlatformListing listing = list_everything(session.tools(), *platform, target);
  if (listing.result != PlatformResult::kDone) {
    result.report.outcomes = not_tried(check_wanted(*platform, target, wanted));
    result.report.asked = {listing.result, listing.status, listing.attempts};
    result.report.trouble = std::move(listing.trouble);
    return result;
  }
  PH_ASSIGN(const std::set<std::string> prune,
            prunable(access, access.reader(), *platform, target, args, opened, listing.entries,
                     result.left));
  std::vector<PlannedItem> plan = plan_sync(*platform, target, wanted, listing.entries, prune);
  if (args.dry_run) {
    result.report.outcomes = not_tried(std::move(plan));
    return result;
  }
  Progress progress("secrets");
  std::uint64_t done = 0;
  const std::uint64_t total = plan.size();
  const SyncRun run{session.tools(),   *platform,        target,
                    access.appender(), access.context(), [&] { progress.show(++done, total); }};
  PH_ASSIGN(result.report, run_plan(run, std::move(plan)));
  return result;
}

// Patterns are part of the command line: a bad one is its user's mistake.
bool patterns_are_good(Environment& environment, const SyncArgs& args) {
  for (const std::string& pattern : args.only) {
    const Status good = check_name_pattern(pattern);
    if (good.ok()) continue;
    environment.out().note("--only: " + good.error().message);
    environment.out().hint(good.error().hint);
    return false;
  }
  return true;
}

Result<int> sync(Environment& environment, const SyncArgs& args) {
  if (!patterns_are_good(environment, args)) return kExitUsage;
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const std::string chosen,
            secret_environment(args.environment, environment.variable("PHANTOM_ENV")));
  PH_ASSIGN(const std::vector<SyncTarget> targets,
            choose_targets(project, {chosen, args.platform, {}, {}}));
  PH_TRY(check_sync_accepted(environment, project));

  VaultAccess access(environment, project, home);
  PH_TRY(access.open());
  PH_ASSIGN(const Opened opened, open_what_is_asked_for(access, args, project, targets, chosen));
  access.lock();
  std::vector<LoadedSecret> named = opened.tokens.named();
  for (const OpenedSecret& each : opened.values) named.push_back({each.info.name, &each.value});
  access.appender().set_guard(make_draft_guard(std::make_shared<const SecretScanner>(named)));

  std::vector<TargetReport> reports;
  for (const SyncTarget& target : targets) {
    PH_ASSIGN(TargetReport report, sync_target(access, target, args, opened));
    reports.push_back(std::move(report));
  }
  if (args.json) {
    environment.out().line(sync_json(chosen, reports, args.mode()));
  } else {
    environment.out().result(sync_text(reports, args.mode()));
  }
  const SyncCounts counts = count_outcomes(reports, args.mode());
  environment.out().note((args.dry_run ? std::to_string(counts.planned) + " to do"
                                       : std::to_string(counts.done) + " done") +
                         ", " + std::to_string(counts.unchanged) + " unchanged, " +
                         std::to_string(counts.failed) + " failed");
  return sync_exit_code(reports, args.mode());
}

}  // namespace

Command sync_command() {
  const auto args = std::make_shared<SyncArgs>();
  Command command;
  command.words = {"sync"};
  command.summary = "put the secrets of an environment where a platform keeps its own";
  command.description =
      "Goes by the [[sync]] tables of .phantom.toml, which a person has to accept first. Looks at "
      "what each platform has, then creates what is missing and changes what differs or cannot be "
      "read there. A variable that also holds for other environments of the platform is not "
      "touched. Each item is recorded before it is sent and after it; values go into the body of a "
      "request and nowhere else. Tokens of platforms are never sent.\n"
      "Asks again, with growing pauses, after limits, server errors and lost connections. What was "
      "cut off is finished by the next run. Exit code 0 when all is as it should be, 1 when "
      "anything "
      "failed, 75 when nothing was done and it may work later.\n"
      "--prune also deletes there what phantom put there and the vault has no more. --dry-run only "
      "shows what would be done.";
  command.positionals = {
      {"NAME", "only this secret, without its environment", &args->name, Need::kOptional}};
  command.options = {
      platform_option("platform", "only this platform", &args->platform),
      {"only", "GLOB", "only names that fit; may be repeated", &args->only},
      environment_option(&args->environment),
      {"dry-run", "", "show what would be done, send nothing", &args->dry_run, {}, 'n'},
      {"prune", "", "delete there what phantom put there and the vault has no more", &args->prune},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return sync(environment, *args); };
  return command;
}

}  // namespace phantom
