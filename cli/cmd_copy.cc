#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/secret_environment.h"
#include "cli/shared_passphrase.h"
#include "cli/vault_access.h"
#include "cli/vault_standing.h"
#include "events/encoding.h"
#include "vault/dotenv.h"
#include "vault/scanner.h"
#include "vault/secret_name.h"

namespace phantom {
namespace {

struct CopyArgs {
  std::string name;
  std::string to;
  std::optional<std::string> as;
  std::optional<std::string> env;
  std::optional<std::string> to_env;
  bool replace = false;
  bool json = false;
};

struct Copied {
  SecretInfo info;  // as it is in the target
  Standing standing = Standing::kNew;
};

Result<OpenedSecret> take_from(VaultAccess& access, const std::string& name) {
  PH_TRY(access.open());
  if (!access.vault().find(name)) {
    return Error{Code::kNotFound,
                 "the vault has no secret " + escape_terminal(spoken_secret_name(name)),
                 "phantom list prints the names"};
  }
  auto opened = access.vault().open_secret(name, "copy");
  access.lock();
  return opened;
}

Result<Copied> put_into(VaultAccess& access, IncomingSecret secret, const CopyArgs& args) {
  PH_TRY(access.open());
  const std::string name = secret.name;
  std::vector<IncomingSecret> incoming;
  incoming.push_back(std::move(secret));
  PH_ASSIGN(const std::vector<Standing> standing, standings(access.vault(), incoming, "copy"));
  if (standing.front() == Standing::kDiffers && !args.replace) {
    return Error{Code::kExists,
                 "project " + access.context().project + " has another value for " +
                     spoken_secret_name(name),
                 "nothing was copied; --replace takes this one, --as another name"};
  }
  if (standing.front() != Standing::kSame) {
    PH_TRY(access.vault().change("copy", puts_for(incoming, standing)));
  }
  return Copied{*access.vault().find(name), standing.front()};
}

Result<int> copy(Environment& environment, const CopyArgs& args) {
  const std::string new_name = args.as.value_or(args.name);
  if (!is_valid_key(new_name)) {
    return Error{Code::kInvalid, "a secret's name has letters, digits and underscores only"};
  }
  PH_ASSIGN(const std::string from_env,
            secret_environment(args.env, environment.variable("PHANTOM_ENV")));
  std::string to_env = from_env;
  if (args.to_env) {
    PH_ASSIGN(to_env, secret_environment(args.to_env, nullptr));
  }
  const std::string name = full_secret_name(from_env, args.name);
  const std::string target_name = full_secret_name(to_env, new_name);
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project source, open_project(home, here));
  std::error_code code;
  if (!std::filesystem::is_directory(here / args.to, code)) {
    return Error{Code::kNotFound, escape_terminal(args.to) + " is not a directory"};
  }
  // Bound to this machine like any other: a directory with a foreign id gets nothing.
  PH_ASSIGN(const Project target, open_project(home, here / args.to));
  const bool same_project = target.config.project_id == source.config.project_id;
  if (same_project && name == target_name) {
    return Error{Code::kInvalid, "that is the secret itself",
                 "name another project with --to, another name with --as or another environment "
                 "with --to-env"};
  }

  SharedPassphrase passphrase(Remember::kNothingTyped);
  VaultAccess from(environment, source, home, passphrase);
  PH_ASSIGN(OpenedSecret secret, take_from(from, name));
  from.appender().set_guard(make_draft_guard(std::make_shared<const SecretScanner>(
      std::vector<LoadedSecret>{{args.name, &secret.value}})));
  VaultAccess into(environment, target, home, passphrase);
  PH_ASSIGN(const Copied copied,
            put_into(into, {target_name, std::move(secret.value), secret.info.expires_ns}, args));

  Output& out = environment.out();
  const std::string where = "project " + target.config.project_id;
  if (copied.standing == Standing::kSame) {
    out.note(where + " has the same value already");
  } else {
    out.note("copied " + spoken_secret_name(name) + " to " + spoken_secret_name(target_name) +
             " of " + where);
  }
  if (!args.json) return kExitOk;
  Json json;
  json.begin().field_number("v", 1).field("name", name).field("target_name", target_name);
  json.field("project", source.config.project_id);
  json.field("target_project", target.config.project_id);
  json.field_number("target_version", copied.info.version);
  json.key("changed").truth(copied.standing != Standing::kSame);
  out.line(json.end().str());
  return kExitOk;
}

}  // namespace

Command copy_command() {
  const auto args = std::make_shared<CopyArgs>();
  Command command;
  command.words = {"copy"};
  command.summary = "copy a secret to another project or environment";
  command.description =
      "Puts the value into the vault of the project in DIR, which this machine must know, with the "
      "end of its time. Both projects have it on record: that the secret was opened, and that it "
      "was put. The copy has a placeholder of its own. A name that is there with another value is "
      "refused unless --replace is given.";
  command.positionals = {{"NAME", "name of the secret", &args->name}};
  command.options = {
      {"to", "DIR", "directory of the other project; . for this one", &args->to},
      {"as", "NAME", "its name there", &args->as},
      environment_option(&args->env),
      {"to-env", "NAME", "environment there; the same as here if not given", &args->to_env},
      {"replace", "", "let it replace another value there", &args->replace},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) -> Result<int> {
    if (!args->to.empty()) return copy(environment, *args);
    environment.out().note("copy needs --to DIR");
    return kExitUsage;
  };
  return command;
}

}  // namespace phantom
