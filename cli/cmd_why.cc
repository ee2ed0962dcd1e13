#include "cli/commands.h"
#include "cli/config_standing.h"
#include "cli/environment.h"
#include "cli/expiry_words.h"
#include "cli/json.h"
#include "cli/secret_environment.h"
#include "cli/secret_places.h"
#include "cli/secret_services.h"
#include "cli/vault_access.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "vault/dotenv.h"
#include "vault/secret_name.h"

#include <algorithm>

namespace phantom {
namespace {

struct WhyArgs {
  std::string name;
  std::optional<std::string> env;
  bool json = false;
};

// What is known about a name.
struct Facts {
  std::string name;
  std::string environment;
  std::vector<SecretPlace> places;
  std::optional<SecretInfo> info;
  std::vector<std::string> elsewhere;  // other environments that have the name
  std::vector<Route> routes;
};

const char* consent_name(Consent consent) {
  switch (consent) {
    case Consent::kBuiltIn:
      return "built-in";
    case Consent::kNeeded:
      return "needed";
    case Consent::kAccepted:
      return "accepted";
  }
  return "";
}

std::string holding_words(const SecretPlace& place) {
  switch (place.holding) {
    case Holding::kPlaceholder:
      return "the placeholder of " + spoken_secret_name(place.stands_for);
    case Holding::kFormerPlaceholder:
      return "a former placeholder of " + spoken_secret_name(place.stands_for) +
             "; it opens nothing";
    case Holding::kForeignPlaceholder:
      return "a placeholder that stands for nothing in this vault";
    case Holding::kDamagedPlaceholder:
      return "a damaged placeholder";
    case Holding::kSecret:
      return "a secret in clear: " + place.rule + " (" + place.confidence + " confidence)";
    case Holding::kPublic:
      return "a value meant to be public: " + place.rule;
    case Holding::kPlain:
      return "configuration: " + place.rule;
    case Holding::kEmpty:
      return "nothing";
  }
  return "";
}

std::string consent_words(Consent consent) {
  switch (consent) {
    case Consent::kBuiltIn:
      return "ships with phantom";
    case Consent::kNeeded:
      return "not accepted: 'phantom config accept' shows it";
    case Consent::kAccepted:
      return "accepted";
  }
  return "";
}

void print_text(Output& out, const Facts& facts, std::int64_t now_ns) {
  out.line(out.bold(facts.name + " in " + facts.environment));
  for (const SecretPlace& place : facts.places) {
    out.line("  " + escape_terminal(place.file) + " line " + std::to_string(place.line) + ": " +
             holding_words(place) + (place.overridden ? "; a later line has the name again" : ""));
  }
  if (facts.places.empty()) out.line("  in no dotenv file of the project");
  if (facts.info) {
    const SecretInfo& info = *facts.info;
    std::string line = "  vault: version " + std::to_string(info.version) + ", changed " +
                       format_time(info.changed_ns).substr(0, 10);
    if (!info.older.empty()) line += ", " + std::to_string(info.older.size()) + " older kept";
    out.line(line + ", expires " + expiry_words(info.expires_ns, now_ns));
  } else {
    out.line("  not in the vault");
  }
  for (const std::string& environment : facts.elsewhere) {
    out.line("  another secret of that name is in " + environment);
  }
  for (const Route& route : facts.routes) {
    out.line(
        "  goes to " +
        escape_terminal(route.service + ", " + route.origin() + ", in the header " + route.header) +
        " (" + consent_words(route.consent) + ")");
  }
  if (facts.routes.empty()) out.line("  no service uses it: it is sent nowhere");
}

void say_what_to_do(Output& out, const Facts& facts, std::int64_t now_ns) {
  const auto holds = [&](Holding wanted) {
    return std::any_of(facts.places.begin(), facts.places.end(),
                       [&](const SecretPlace& place) { return place.holding == wanted; });
  };
  if (holds(Holding::kSecret)) out.hint("'phantom init' moves the value into the vault");
  if (facts.info && is_expired(*facts.info, now_ns)) {
    out.hint("its time is over and it is refused: 'phantom rotate " + facts.name +
             "' takes a new value");
  }
  const bool dead = holds(Holding::kFormerPlaceholder) || holds(Holding::kForeignPlaceholder) ||
                    holds(Holding::kDamagedPlaceholder);
  if (dead && facts.info) {
    out.hint("'phantom add " + facts.name +
             "' puts the right placeholder there, with the value you give");
  }
}

void add_vault(Json& json, const std::optional<SecretInfo>& info, std::int64_t now_ns) {
  json.key("vault");
  if (!info) {
    json.null();
    return;
  }
  json.begin().field_number("version", info->version);
  json.field("created", format_time(info->created_ns));
  json.field("changed", format_time(info->changed_ns)).key("expires");
  if (info->expires_ns == 0) {
    json.null().key("days_left").null();
  } else {
    json.text(format_time(info->expires_ns));
    json.key("days_left").integer(days_left(info->expires_ns, now_ns));
  }
  json.key("expired").truth(is_expired(*info, now_ns));
  json.field_number("older", info->older.size()).end();
}

void print_json(Output& out, const Facts& facts, std::int64_t now_ns) {
  Json json;
  json.begin().field_number("v", 1).field("name", facts.name);
  json.field("environment", facts.environment).key("places").begin_list();
  for (const SecretPlace& place : facts.places) {
    json.begin().field("file", place.file).field_number("line", place.line);
    json.field("holds", holding_name(place.holding)).field("stands_for", place.stands_for);
    json.field("rule", place.rule).field("confidence", place.confidence);
    json.key("overridden").truth(place.overridden).end();
  }
  json.end_list();
  add_vault(json, facts.info, now_ns);
  json.key("other_environments").begin_list();
  for (const std::string& environment : facts.elsewhere) json.text(environment);
  json.end_list().key("routes").begin_list();
  for (const Route& route : facts.routes) {
    json.begin().field("service", route.service).field("origin", route.origin());
    json.field("header", route.header).field("consent", consent_name(route.consent)).end();
  }
  out.line(json.end_list().end().str());
}

Result<int> why(Environment& environment, const WhyArgs& args) {
  if (!is_valid_key(args.name)) {
    return Error{Code::kInvalid, "a secret's name has letters, digits and underscores only"};
  }
  Facts facts;
  facts.name = args.name;
  PH_ASSIGN(facts.environment, secret_environment(args.env, environment.variable("PHANTOM_ENV")));
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  VaultAccess access(environment, project, home);
  PH_ASSIGN(const std::vector<SecretInfo> secrets, access.list_locked());
  PH_ASSIGN(const ConfigStanding standing, config_standing(environment, project));

  const std::string full = full_secret_name(facts.environment, facts.name);
  for (const SecretInfo& info : secrets) {
    const SecretNameParts parts = split_secret_name(info.name);
    if (info.name == full) {
      facts.info = info;
    } else if (parts.name == facts.name) {
      facts.elsewhere.emplace_back(parts.environment);
    }
  }
  std::vector<std::string> problems;
  facts.places = read_places(project.root, facts.name, secrets, problems);
  for (const Route* route : routes_of_secret(standing.routes, facts.name)) {
    facts.routes.push_back(*route);
  }
  Output& out = environment.out();
  for (const std::string& problem : problems) out.note("warning: " + problem);
  if (facts.places.empty() && !facts.info && facts.elsewhere.empty()) {
    return Error{Code::kNotFound, facts.name + " is neither in the vault nor in a dotenv file",
                 "'phantom list --all-envs' prints the names"};
  }
  const std::int64_t now_ns = system_clock().wall_ns();
  (args.json ? print_json : print_text)(out, facts, now_ns);
  say_what_to_do(out, facts, now_ns);
  return kExitOk;
}

}  // namespace

Command why_command() {
  const auto args = std::make_shared<WhyArgs>();
  Command command;
  command.words = {"why"};
  command.summary = "say what is known about a name: where it stands, why, where it goes";
  command.description =
      "Shows the lines of the project's dotenv files that have the name and what they hold, by "
      "which "
      "rule a value counts as a secret, what the vault has under it, and the services it goes to, "
      "accepted or not. Shows no value; the vault stays locked.";
  command.positionals = {{"NAME", "name of the variable", &args->name}};
  command.options = {environment_option(&args->env),
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return why(environment, *args); };
  return command;
}

}  // namespace phantom
