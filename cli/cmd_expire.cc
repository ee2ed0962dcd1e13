#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/expiry_text.h"
#include "cli/json.h"
#include "cli/secret_environment.h"
#include "cli/vault_access.h"
#include "events/clock.h"
#include "vault/secret_name.h"

namespace phantom {
namespace {

struct ExpireArgs {
  std::string name;
  std::string when;
  std::optional<std::string> environment;
  bool json = false;
};

Result<int> expire(Environment& environment, const ExpireArgs& args) {
  PH_ASSIGN(const std::string chosen,
            secret_environment(args.environment, environment.variable("PHANTOM_ENV")));
  PH_ASSIGN(const std::int64_t end_ns, parse_expiry(args.when, system_clock().wall_ns()));
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  VaultAccess access(environment, project, home);
  PH_TRY(access.open());
  std::vector<VaultChange> changes(1);
  changes[0].name = full_secret_name(chosen, args.name);
  changes[0].action = VaultChange::Action::kSetExpiry;
  changes[0].expires_ns = end_ns;
  const std::string full = changes[0].name;
  PH_TRY(access.vault().change("expire", std::move(changes)));
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("name", args.name).field("environment", chosen);
    json.key("expires");
    end_ns == 0 ? json.null() : json.text(format_time(end_ns));
    environment.out().line(json.end().str());
    return kExitOk;
  }
  environment.out().note(
      spoken_secret_name(full) +
      (end_ns == 0 ? " may be used without an end" : " may be used until " + expiry_text(end_ns)));
  return kExitOk;
}

}  // namespace

Command expire_command() {
  const auto args = std::make_shared<ExpireArgs>();
  Command command;
  command.words = {"expire"};
  command.summary = "say until when a secret may be used";
  command.description =
      "From that moment on exec, a session that is running, sync and every other use refuse the "
      "secret, and each attempt is recorded. It can still be revealed, rotated and exported. WHEN "
      "is "
      "30d or 12h from now, a date (its first moment, UTC), an RFC 3339 time, now or never.\n"
      "phantom stops using the value; whoever issued it does not know of this. A new real value "
      "(phantom rotate NAME) starts without an end; a new placeholder changes nothing about it.";
  command.positionals = {{"NAME", "name of the secret", &args->name},
                         {"WHEN", "30d, 12h, 2030-12-31, now or never", &args->when}};
  command.options = {environment_option(&args->environment),
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return expire(environment, *args); };
  return command;
}

}  // namespace phantom
