#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/platform_session.h"
#include "cli/secret_environment.h"
#include "cli/secret_input.h"
#include "cli/vault_access.h"
#include "events/encoding.h"
#include "proxy/name_pattern.h"
#include "proxy/sync_events.h"
#include "proxy/sync_plan.h"
#include "vault/secret_name.h"

#include <algorithm>
#include <set>

namespace phantom {
namespace {

// Names beyond it are in the vault's own events only: an event has a bound.
constexpr std::size_t kNamesInEventMax = 300;

struct PullArgs {
  std::optional<std::string> platform;
  std::optional<std::string> project;
  std::optional<std::string> place;
  std::optional<std::string> environment;
  bool replace = false;
  bool dry_run = false;
  bool json = false;
};

enum class Taken {
  kAdded,
  kReplaced,
  kUnchanged,
  kExists,  // and --replace was not given
  kToken,
  kHidden,
  kAmbiguous,
  kBadName,
  kBadValue
};

const char* taken_name(Taken taken) {
  switch (taken) {
    case Taken::kAdded:
      return "added";
    case Taken::kReplaced:
      return "replaced";
    case Taken::kUnchanged:
      return "unchanged";
    case Taken::kExists:
      return "exists";
    case Taken::kToken:
      return "platform-token";
    case Taken::kHidden:
      return "hidden";
    case Taken::kAmbiguous:
      return "ambiguous";
    case Taken::kBadName:
      return "bad-name";
    case Taken::kBadValue:
      return "bad-value";
  }
  return "hidden";
}

struct PullItem {
  PulledItem pulled;
  Taken taken = Taken::kHidden;
  enum class Here { kNo, kYes } here = Here::kNo;

  bool stored() const { return taken == Taken::kAdded || taken == Taken::kReplaced; }
  // Wanted, not to be had, and not there already.
  bool missed() const {
    const bool out_of_reach = taken == Taken::kHidden || taken == Taken::kAmbiguous ||
                              taken == Taken::kBadName || taken == Taken::kBadValue;
    return out_of_reach && here == Here::kNo;
  }
};

Result<SyncTarget> one_target(const Project& project, const PullArgs& args,
                              const std::string& environment) {
  PH_ASSIGN(std::vector<SyncTarget> targets,
            choose_targets(project, {environment, args.platform, args.project, args.place}));
  const Platform* platform = find_platform(targets[0].config.platform);
  PH_CHECK(platform != nullptr, "a configuration names a platform that is not there");
  if (platform->pull() == Platform::Pull::kNone) {
    return Error{Code::kUnsupported,
                 std::string(platform->name()) + " never gives out values of secrets"};
  }
  if (targets.size() == 1) return std::move(targets[0]);
  std::string places;
  for (const SyncTarget& each : targets) {
    places += (places.empty() ? "" : "; ") + each.describe();
  }
  return Error{Code::kInvalid, "more than one place fits: " + escape_terminal(places),
               "choose one with --project or --place"};
}

// What to do with each name that was found, without regard to values in the vault.
std::vector<PullItem> sort_out(const Project& project, const SyncTarget& target,
                               const std::vector<RemoteEntry>& remote,
                               const std::set<std::string>& known, const PullArgs& args) {
  std::vector<PullItem> items;
  for (PulledItem& pulled : plan_pull(target, remote)) {
    PullItem item;
    item.pulled = std::move(pulled);
    const std::string name(split_secret_name(item.pulled.full_name).name);
    const bool named = item.pulled.state != PulledItem::State::kBadName;
    if (named && !is_chosen(name, target.config.only, target.config.except)) continue;
    if (known.contains(item.pulled.full_name)) item.here = PullItem::Here::kYes;
    const bool here = item.here == PullItem::Here::kYes;
    if (!named) {
      item.taken = Taken::kBadName;
    } else if (is_platform_token(project.config.sync, name)) {
      item.taken = Taken::kToken;
    } else if (item.pulled.state == PulledItem::State::kHidden) {
      item.taken = Taken::kHidden;
    } else if (item.pulled.state == PulledItem::State::kAmbiguous) {
      item.taken = Taken::kAmbiguous;
    } else if (!check_secret_value(*item.pulled.value).ok()) {
      item.taken = Taken::kBadValue;
    } else {
      item.taken = !here ? Taken::kAdded : args.replace ? Taken::kReplaced : Taken::kExists;
    }
    items.push_back(std::move(item));
  }
  return items;
}

// A value that is there already is not stored again as a new version.
Status find_unchanged(VaultAccess& access, std::vector<PullItem>& items) {
  std::vector<std::string> names;
  const std::int64_t now = system_clock().wall_ns();
  for (const PullItem& item : items) {
    if (item.taken != Taken::kReplaced) continue;
    const auto info = access.vault().find(item.pulled.full_name);
    if (info && !is_expired(*info, now)) names.push_back(item.pulled.full_name);
  }
  if (names.empty()) return {};
  PH_ASSIGN(const std::vector<OpenedSecret> opened, access.vault().open_secrets(names, "pull"));
  for (PullItem& item : items) {
    for (const OpenedSecret& each : opened) {
      if (each.info.name == item.pulled.full_name && item.pulled.value != nullptr &&
          each.value.equals(*item.pulled.value)) {
        item.taken = Taken::kUnchanged;
      }
    }
  }
  return {};
}

Status store(VaultAccess& access, const std::vector<PullItem>& items) {
  std::vector<VaultChange> changes;
  for (const PullItem& item : items) {
    if (!item.stored()) continue;
    VaultChange change;
    change.name = item.pulled.full_name;
    change.value = item.pulled.value->clone();
    changes.push_back(std::move(change));
  }
  if (changes.empty()) return {};
  return access.vault().change("pull", std::move(changes));
}

std::string pull_json(const SyncTarget& target, const PlatformListing& listing,
                      const std::vector<PullItem>& items, const PullArgs& args) {
  Json json;
  json.begin().field_number("v", 1).field("platform", target.config.platform);
  json.field("project", target.config.project).key("places").begin_list();
  for (const std::string& place : target.places) json.text(place);
  json.end_list().field("environment", target.environment);
  json.key("dry_run").truth(args.dry_run).field("list", platform_result_name(listing.result));
  json.field_number("http_status", static_cast<std::uint64_t>(listing.status));
  json.key("items").begin_list();
  for (const PullItem& item : items) {
    json.begin().field("remote_name", item.pulled.name).key("name");
    if (item.pulled.full_name.empty()) {
      json.null();
    } else {
      json.text(split_secret_name(item.pulled.full_name).name);
    }
    json.field("result", taken_name(item.taken)).end();
  }
  return json.end_list().end().str();
}

std::string pull_text(const std::vector<PullItem>& items) {
  std::string text;
  for (const PullItem& item : items) {
    std::string word = taken_name(item.taken);
    word.append(word.size() < 16 ? 16 - word.size() : 1, ' ');
    text += word + escape_terminal(item.pulled.name) + "\n";
  }
  return text;
}

Result<int> pull(Environment& environment, const PullArgs& args) {
  if (!args.platform) {
    environment.out().note("pull needs --from PLATFORM");
    return kExitUsage;
  }
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const std::string chosen,
            secret_environment(args.environment, environment.variable("PHANTOM_ENV")));
  PH_ASSIGN(const SyncTarget target, one_target(project, args, chosen));
  PH_TRY(check_sync_accepted(environment, project));

  VaultAccess access(environment, project, home);
  PH_TRY(access.open());
  PlatformTokens tokens;
  PH_TRY(tokens.take_variables({target}));
  const std::vector<std::string> token_names = PlatformTokens::names({target});
  if (!token_names.empty()) {
    PH_ASSIGN(std::vector<OpenedSecret> opened, access.vault().open_secrets(token_names, "sync"));
    for (OpenedSecret& each : opened) tokens.put(std::move(each));
  }
  PH_ASSIGN(const SecretBytes* token, tokens.find(target));
  const Platform& platform = *find_platform(target.config.platform);
  PH_ASSIGN(const PlatformSession session, PlatformSession::open(platform, target, *token));
  Appender& appender = access.appender();
  appender.set_guard(make_draft_guard(std::make_shared<const SecretScanner>(tokens.named())));

  // The commit point: nothing is asked for before this is durable.
  PH_ASSIGN(const Receipt requested,
            appender.append(sync_pull_requested(access.context(), target)));
  const PlatformListing listing = list_everything(session.tools(), platform, target);
  std::vector<LoadedSecret> named = tokens.named();
  for (const RemoteEntry& entry : listing.entries) {
    if (entry.value) named.push_back({entry.name, &*entry.value});
  }
  appender.set_guard(make_draft_guard(std::make_shared<const SecretScanner>(named)));

  std::set<std::string> known;
  for (const SecretInfo& info : access.vault().list()) known.insert(info.name);
  std::vector<PullItem> items = sort_out(project, target, listing.entries, known, args);
  std::vector<std::string> fetched;
  for (const PullItem& item : items) {
    if (item.pulled.value != nullptr && !item.pulled.full_name.empty() &&
        fetched.size() < kNamesInEventMax) {
      fetched.push_back(item.pulled.full_name);
    }
  }
  PH_TRY(appender.append(sync_pull_completed(access.context(), requested.seq, target, fetched,
                                             {listing.result, listing.status, listing.attempts})));
  PH_TRY(find_unchanged(access, items));
  if (!args.dry_run) PH_TRY(store(access, items));

  Output& out = environment.out();
  if (args.json) {
    out.line(pull_json(target, listing, items, args));
  } else {
    out.result(pull_text(items));
  }
  if (listing.result != PlatformResult::kDone) {
    out.note(target.describe() + ": " +
             spoken_ending(listing.result, listing.status, listing.attempts, listing.trouble));
    return is_temporary(listing.result) ? kExitTemporary : kExitFailed;
  }
  const auto stored =
      std::count_if(items.begin(), items.end(), [](const PullItem& item) { return item.stored(); });
  const auto missed =
      std::count_if(items.begin(), items.end(), [](const PullItem& item) { return item.missed(); });
  out.note(std::to_string(stored) + (args.dry_run ? " to take into " : " taken into ") + chosen +
           ", " + std::to_string(missed) + " not to be had");
  return missed == 0 ? kExitOk : kExitFailed;
}

}  // namespace

Command pull_command() {
  const auto args = std::make_shared<PullArgs>();
  Command command;
  command.words = {"pull"};
  command.summary = "take the secrets a platform keeps into the vault";
  command.description =
      "Reads the variables of one place that a [[sync]] table of .phantom.toml names, and puts "
      "those that the vault does not have into it. With --replace a different value there becomes "
      "a "
      "new version here. Values are never printed. What a platform does not give out, or has twice "
      "with different values, is listed and makes the exit code 1.";
  command.options = {
      platform_option("from", "the platform", &args->platform),
      {"project", "ID", "which project there, when several tables fit", &args->project},
      {"place", "NAME", "which environment there, when several fit", &args->place},
      environment_option(&args->environment),
      {"replace", "", "a different value there becomes a new version here", &args->replace},
      {"dry-run", "", "show what would be taken, store nothing", &args->dry_run, {}, 'n'},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return pull(environment, *args); };
  return command;
}

}  // namespace phantom
