#include "cli/commands.h"
#include "cli/dotenv_placeholders.h"
#include "cli/environment.h"
#include "cli/expiry_text.h"
#include "cli/json.h"
#include "cli/secret_environment.h"
#include "cli/secret_input.h"
#include "cli/vault_access.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "vault/scanner.h"
#include "vault/secret_name.h"

namespace phantom {
namespace {

using Action = VaultChange::Action;

struct RotateArgs {
  std::vector<std::string> names;
  std::optional<std::string> environment;
  std::optional<std::string> expires;
  bool from_stdin = false;
  bool placeholder = false;
  bool all_placeholders = false;
  bool undo = false;
  bool repair = false;
  bool json = false;
};

// What happened, for the person and for --json.
struct RotateResult {
  const char* action = "value";
  std::vector<SecretInfo> secrets;  // as they are now
  std::vector<std::string> files;   // rewritten, relative to the project
  bool end_was_lifted = false;
};

void print(Output& out, const RotateResult& result, const RotateArgs& args) {
  if (!args.json) return;
  Json json;
  json.begin().field_number("v", 1).field("action", result.action);
  json.key("secrets").begin_list();
  for (const SecretInfo& info : result.secrets) {
    const SecretNameParts parts = split_secret_name(info.name);
    json.begin().field("name", parts.name).field("environment", parts.environment);
    json.field_number("version", info.version).field("changed", format_time(info.changed_ns));
    json.key("expires");
    info.expires_ns == 0 ? json.null() : json.text(format_time(info.expires_ns));
    json.key("older").begin_list();
    for (const OlderSecret& older : info.older) json.number(older.version);
    json.end_list().end();
  }
  json.end_list().key("files").begin_list();
  for (const std::string& file : result.files) json.text(file);
  out.line(json.end_list().end().str());
}

Result<SecretInfo> find_secret(const Vault& vault, const std::string& full) {
  const std::optional<SecretInfo> info = vault.find(full);
  if (info) return *info;
  return Error{Code::kNotFound,
               "the vault has no secret " + escape_terminal(spoken_secret_name(full)),
               "'phantom list' prints the names"};
}

std::vector<VaultChange> one_change(const std::string& full, Action action) {
  std::vector<VaultChange> changes(1);
  changes[0].name = full;
  changes[0].action = action;
  return changes;
}

// ---- a new real value

Result<SecretBytes> new_value(const std::string& full, const RotateArgs& args) {
  PH_ASSIGN(SecretBytes value,
            args.from_stdin ? read_secret_from_stdin()
                            : ask_hidden("New real value of " + spoken_secret_name(full) + ": "));
  PH_TRY(check_secret_value(value));
  return value;
}

Result<RotateResult> rotate_value(Environment& environment, VaultAccess& access,
                                  const std::string& full, const RotateArgs& args) {
  std::int64_t end_ns = 0;
  if (args.expires) {
    PH_ASSIGN(end_ns, parse_expiry(*args.expires, system_clock().wall_ns()));
  }
  PH_TRY(access.open());
  PH_ASSIGN(const SecretInfo before, find_secret(access.vault(), full));
  PH_ASSIGN(SecretBytes value, new_value(full, args));
  PH_ASSIGN(const OpenedSecret old, access.vault().open_secret(full, "rotate"));
  if (old.value.equals(value)) {
    return Error{Code::kInvalid,
                 "that is the value " + spoken_secret_name(full) + " has already; nothing changed",
                 "get a new value where the secret is issued; for a new placeholder: 'phantom "
                 "rotate --placeholder " +
                     args.names[0] + "'"};
  }
  access.appender().set_guard(make_draft_guard(std::make_shared<const SecretScanner>(
      std::vector<LoadedSecret>{{full, &value}, {full, &old.value}})));
  std::vector<VaultChange> changes = one_change(full, Action::kPut);
  changes[0].value = std::move(value);
  changes[0].expires_ns = end_ns;
  PH_TRY(access.vault().change("rotate", std::move(changes)));
  RotateResult result;
  PH_ASSIGN(SecretInfo after, find_secret(access.vault(), full));
  result.end_was_lifted = before.expires_ns != 0 && end_ns == 0;
  Output& out = environment.out();
  out.note(spoken_secret_name(full) + " has a new real value, version " +
           std::to_string(after.version) + "; its placeholder stays");
  if (result.end_was_lifted) {
    out.hint("the end of its time (" + expiry_text(before.expires_ns) +
             ") was that of the old value; set one with 'phantom expire'");
  }
  out.hint("revoke the old value where it was issued; until then 'phantom rotate --undo " +
           args.names[0] + "' puts it back");
  result.secrets.push_back(std::move(after));
  return result;
}

Result<RotateResult> undo(Environment& environment, VaultAccess& access, const std::string& full) {
  PH_TRY(access.open());
  PH_ASSIGN(const SecretInfo before, find_secret(access.vault(), full));
  if (before.older.empty()) {
    return Error{Code::kNotFound, "no older value of " + spoken_secret_name(full) + " is kept"};
  }
  std::vector<VaultChange> changes = one_change(full, Action::kRestore);
  changes[0].version = before.older[0].version;
  PH_TRY(access.vault().change("rotate", std::move(changes)));
  RotateResult result;
  result.action = "undo";
  PH_ASSIGN(SecretInfo after, find_secret(access.vault(), full));
  environment.out().note(spoken_secret_name(full) + " has the value of version " +
                         std::to_string(before.older[0].version) + " again, as version " +
                         std::to_string(after.version));
  if (is_expired(after, system_clock().wall_ns())) {
    environment.out().note("its time is over since " + expiry_text(after.expires_ns));
  }
  result.secrets.push_back(std::move(after));
  return result;
}

// ---- new placeholders

// The swaps the files need: `before` and what the vault says now.
std::vector<PlaceholderSwap> swaps_since(const std::vector<SecretInfo>& before,
                                         const Vault& vault) {
  std::vector<PlaceholderSwap> swaps;
  for (const SecretInfo& info : before) {
    const std::optional<SecretInfo> now = vault.find(info.name);
    if (now && now->placeholder != info.placeholder) {
      swaps.push_back({info.placeholder, now->placeholder, info.name});
    }
  }
  return swaps;
}

Status rewrite_files(Appender& appender, const Context& context, const Project& project,
                     const std::vector<SwapPlan>& plans, std::vector<std::string>& files) {
  Status first_problem;
  for (const SwapPlan& plan : plans) {
    Status replaced = replace_dotenv(appender, context, plan.file, plan.text, plan.names);
    if (replaced.ok()) {
      files.push_back(plan.file.path.lexically_relative(project.root).string());
    } else if (first_problem.ok()) {
      first_problem = std::move(replaced);
    }
  }
  if (first_problem.ok()) return {};
  Error error = std::move(first_problem.error()).in("the vault has the new placeholders, but");
  error.hint = "when that is put right, run 'phantom rotate --repair'";
  return error;
}

Result<std::vector<SecretInfo>> secrets_to_renew(const Vault& vault, const std::string& chosen,
                                                 const RotateArgs& args) {
  std::vector<SecretInfo> wanted;
  if (args.all_placeholders) {
    for (SecretInfo& info : vault.list()) {
      if (split_secret_name(info.name).environment == chosen) wanted.push_back(std::move(info));
    }
    if (wanted.empty()) {
      return Error{Code::kNotFound, "there is no secret in the environment " + chosen};
    }
    return wanted;
  }
  for (const std::string& name : args.names) {
    PH_ASSIGN(SecretInfo info, find_secret(vault, full_secret_name(chosen, name)));
    wanted.push_back(std::move(info));
  }
  return wanted;
}

Result<RotateResult> renew_placeholders(Environment& environment, VaultAccess& access,
                                        const Project& project, const std::string& chosen,
                                        const RotateArgs& args) {
  PH_TRY(access.open());
  PH_ASSIGN(const std::vector<SecretInfo> before, secrets_to_renew(access.vault(), chosen, args));
  const std::vector<std::filesystem::path> files = find_dotenv_files(project.root);
  // First without changing anything: is every file that has one of them fit to be rewritten?
  std::vector<PlaceholderSwap> trial;
  std::vector<VaultChange> changes;
  for (const SecretInfo& info : before) {
    trial.push_back({info.placeholder, info.placeholder, info.name});
    changes.push_back(std::move(one_change(info.name, Action::kRenewPlaceholder).front()));
  }
  PH_TRY(plan_swaps(files, trial));

  const Status changed = access.vault().change("rotate", std::move(changes));
  // Also after a failure: what did change must reach the files.
  const std::vector<PlaceholderSwap> swaps = swaps_since(before, access.vault());
  RotateResult result;
  result.action = "placeholder";
  if (!swaps.empty()) {
    Result<std::vector<SwapPlan>> plans = plan_swaps(files, swaps);
    Status rewritten = plans.ok() ? rewrite_files(access.appender(), access.context(), project,
                                                  *plans, result.files)
                                  : Status(std::move(plans.error()));
    PH_TRY(changed);
    PH_TRY(std::move(rewritten));
  }
  PH_TRY(changed);
  for (const SecretInfo& info : before) {
    if (auto now = access.vault().find(info.name)) result.secrets.push_back(std::move(*now));
  }
  environment.out().note("renewed the placeholders of " + std::to_string(swaps.size()) +
                         " secrets in " + std::to_string(result.files.size()) +
                         " files; the real values are as they were, and as old as they were");
  return result;
}

// Former placeholders that a crash or an unwritable file left behind.
Result<RotateResult> repair(Environment& environment, VaultAccess& access, const Project& project) {
  PH_ASSIGN(const std::vector<SecretInfo> secrets, access.list_locked());
  std::vector<PlaceholderSwap> swaps;
  for (const SecretInfo& info : secrets) {
    if (info.former_placeholder.empty()) continue;
    swaps.push_back({info.former_placeholder, info.placeholder, info.name});
  }
  PH_ASSIGN(const std::vector<SwapPlan> plans, plan_swaps(find_dotenv_files(project.root), swaps));
  RotateResult result;
  result.action = "repair";
  PH_ASSIGN(Appender * appender, environment.appender());
  PH_TRY(rewrite_files(*appender, access.context(), project, plans, result.files));
  environment.out().note("put the newest placeholders into " + std::to_string(result.files.size()) +
                         " files");
  return result;
}

Status check_args(const RotateArgs& args) {
  const int modes = (args.placeholder ? 1 : 0) + (args.all_placeholders ? 1 : 0) +
                    (args.undo ? 1 : 0) + (args.repair ? 1 : 0);
  if (modes > 1) {
    return Error{Code::kInvalid,
                 "--placeholder, --all-placeholders, --undo and --repair exclude each other"};
  }
  const bool takes_names = !args.all_placeholders && !args.repair;
  if (!takes_names && !args.names.empty()) {
    return Error{Code::kInvalid, "this takes no name of a secret"};
  }
  if (takes_names && args.names.empty()) {
    return Error{Code::kInvalid, "say which secret",
                 "phantom rotate NAME puts in a new real value; phantom rotate --placeholder NAME "
                 "renews its placeholder"};
  }
  if (args.names.size() > 1 && !args.placeholder) {
    return Error{Code::kInvalid, "one secret at a time"};
  }
  if (modes != 0 && (args.from_stdin || args.expires)) {
    return Error{Code::kInvalid, "--stdin and --expires belong to a new real value"};
  }
  return {};
}

Result<int> rotate(Environment& environment, const RotateArgs& args) {
  PH_TRY(check_args(args));
  PH_ASSIGN(const std::string chosen,
            secret_environment(args.environment, environment.variable("PHANTOM_ENV")));
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  VaultAccess access(environment, project, home);
  const auto run = [&]() -> Result<RotateResult> {
    if (args.repair) return repair(environment, access, project);
    if (args.placeholder || args.all_placeholders) {
      return renew_placeholders(environment, access, project, chosen, args);
    }
    const std::string full = full_secret_name(chosen, args.names[0]);
    if (args.undo) return undo(environment, access, full);
    return rotate_value(environment, access, full, args);
  };
  PH_ASSIGN(const RotateResult result, run());
  print(environment.out(), result, args);
  return kExitOk;
}

}  // namespace

Command rotate_command() {
  const auto args = std::make_shared<RotateArgs>();
  Command command;
  command.words = {"rotate"};
  command.summary = "put in a new real value, or renew placeholders";
  command.description =
      "phantom rotate NAME asks for the NEW REAL VALUE, which you get where the secret is issued, "
      "or reads it from standard input with --stdin. The placeholder stays, so no file changes. "
      "The last "
      "three values are kept: --undo puts the one before back as a new version.\n"
      "phantom rotate --placeholder NAME is the other thing: the REAL VALUE STAYS, and as old as "
      "it was; the worthless placeholder is made anew and put into the dotenv files of the "
      "project. "
      "All files are looked at before anything changes. --repair finishes what a crash or an "
      "unwritable file left behind.";
  command.positionals = {{"NAME", "name of the secret", &args->names, Need::kOptional}};
  command.options = {
      environment_option(&args->environment),
      {"stdin", "", "read the new real value from standard input", &args->from_stdin},
      {"expires", "WHEN", "until when the new value may be used, as phantom expire takes it",
       &args->expires},
      {"undo", "", "put the value before back", &args->undo},
      {"placeholder", "", "renew the placeholders of these secrets", &args->placeholder},
      {"all-placeholders", "", "renew the placeholders of all secrets of the environment",
       &args->all_placeholders},
      {"repair", "", "put the newest placeholders into dotenv files that have the ones before",
       &args->repair},
      {"json", "", "print one JSON object", &args->json}};
  command.surplus_hint =
      "a value on the command line would stay in the shell's history; it is asked for, or read "
      "with --stdin";
  command.run = [args](Environment& environment) { return rotate(environment, *args); };
  return command;
}

}  // namespace phantom
