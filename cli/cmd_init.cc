#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/init_all.h"
#include "cli/init_run.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/secret_environment.h"

#include <algorithm>

namespace phantom {
namespace {

namespace fs = std::filesystem;

struct InitArgs {
  std::optional<std::string> from;
  std::optional<std::string> all;
  std::optional<std::string> env;
  bool empty = false;
  bool key_file = false;
  bool secret_service = false;
  bool adopt = false;
  bool replace = false;
  bool dry_run = false;
  bool json = false;
};

// What the switches say against each other; empty when nothing.
std::string contradiction(const InitArgs& args) {
  if (args.empty && args.from) return "--empty and --from exclude each other";
  if (args.key_file && args.secret_service) {
    return "--key-file and --secret-service exclude each other";
  }
  if (args.all && (args.empty || args.from || args.adopt)) {
    return "--all goes without --empty, --from and --adopt";
  }
  return {};
}

void add_names(Json& json, std::string_view key, const std::vector<std::string>& names) {
  json.key(key).begin_list();
  for (const std::string& name : names) json.text(name);
  json.end_list();
}

void add_outcome(Json& json, const InitOutcome& outcome) {
  json.field("project", outcome.project_id).field("root", outcome.root.string());
  add_names(json, "protected", outcome.secrets);
  add_names(json, "files", outcome.files);
  json.key("new").truth(outcome.is_new).field("diff", outcome.diff);
}

void say_what_is_next(Output& out, const InitOutcome& outcome) {
  if (outcome.asks_for_routes) {
    out.hint("the project's own routes have to be accepted: phantom config accept");
  }
  out.hint("run your agent with: phantom exec -- COMMAND");
}

Result<int> init_one(Environment& environment, const InitArgs& args, InitRequest request) {
  PH_ASSIGN(request.directory, environment.working_directory());
  PH_ASSIGN(const InitOutcome outcome, run_init(environment, request, system_unlock_input()));
  Output& out = environment.out();
  if (!args.dry_run) {
    out.note("protected " + std::to_string(outcome.secrets.size()) + " secrets of project " +
             outcome.project_id);
  }
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1);
    add_outcome(json, outcome);
    json.field("environment", request.environment).key("dry_run").truth(args.dry_run);
    out.line(json.end().str());
  } else if (args.dry_run) {
    out.result(outcome.diff);
  }
  if (!args.dry_run) say_what_is_next(out, outcome);
  return kExitOk;
}

void print_all(Output& out, const InitArgs& args, const std::string& environment,
               const std::vector<InitAllResult>& results, std::size_t failed) {
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("environment", environment);
    json.key("dry_run").truth(args.dry_run).field_number("failed", failed);
    json.key("projects").begin_list();
    for (const InitAllResult& each : results) {
      json.begin();
      if (each.outcome.ok()) {
        add_outcome(json, *each.outcome);
        json.key("error").null();
      } else {
        json.key("project").null().field("root", each.directory.string());
        json.key("protected").begin_list().end_list().key("files").begin_list().end_list();
        json.key("new").truth(false).field("diff", "");
        json.field("error", each.outcome.error().message);
      }
      json.end();
    }
    out.line(json.end_list().end().str());
    return;
  }
  for (const InitAllResult& each : results) {
    std::string line = one_line(each.directory.string()) + ": ";
    if (!each.outcome.ok()) {
      line += out.red("failed");
    } else if (each.outcome->secrets.empty()) {
      line += "nothing to protect";
    } else {
      line += std::to_string(each.outcome->secrets.size()) +
              (args.dry_run ? " secrets to protect" : " secrets protected");
    }
    out.line(line);
    if (each.outcome.ok()) out.result(each.outcome->diff);
  }
}

Result<int> init_all(Environment& environment, const InitArgs& args, InitRequest request) {
  PH_ASSIGN(const fs::path here, environment.working_directory());
  std::size_t unreadable = 0;
  PH_ASSIGN(const std::vector<fs::path> directories,
            find_repositories(here / *args.all, request.environment, unreadable));
  Output& out = environment.out();
  if (unreadable > 0) {
    out.note(std::to_string(unreadable) + " directories could not be read and were left out");
  }
  if (directories.empty()) {
    return Error{Code::kNotFound, "there is no git repository with dotenv files at " + *args.all +
                                      " or at most " + std::to_string(kRepositoryDepthMax) +
                                      " directories below"};
  }
  std::vector<InitAllResult> results;
  {
    Progress progress("repositories");
    results = run_init_all(environment, request, directories,
                           [&](std::size_t done) { progress.show(done, directories.size()); });
  }
  const auto failed = static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(),
                    [](const InitAllResult& each) { return !each.outcome.ok(); }));
  print_all(out, args, request.environment, results, failed);
  out.note(std::to_string(results.size() - failed) + " of " + std::to_string(results.size()) +
           " repositories " + (args.dry_run ? "looked at" : "done"));
  return failed == 0 ? kExitOk : kExitFailed;
}

Result<int> init(Environment& environment, const InitArgs& args) {
  if (const std::string wrong = contradiction(args); !wrong.empty()) {
    environment.out().note(wrong);
    return kExitUsage;
  }
  InitRequest request;
  PH_ASSIGN(request.environment, secret_environment(args.env, environment.variable("PHANTOM_ENV")));
  request.from = args.from;
  request.empty = args.empty;
  request.adopt = args.adopt;
  request.replace = args.replace;
  if (args.key_file) request.method = UnlockMethod::kKeyFile;
  if (args.secret_service) request.method = UnlockMethod::kSecretService;
  if (args.dry_run) request.mode = InitMode::kTell;
  if (args.all) return init_all(environment, args, std::move(request));
  return init_one(environment, args, std::move(request));
}

}  // namespace

Command init_command() {
  const auto args = std::make_shared<InitArgs>();
  Command command;
  command.words = {"init"};
  command.summary = "move a project's secrets from its dotenv files into a vault";
  command.description =
      "Finds .env, .env.local, .env.development and .env.development.local (with --env prod "
      ".env.prod "
      "and .env.production, and their .local), stores what looks like a secret in an encrypted "
      "vault outside the project and puts a worthless placeholder in its place; every other byte "
      "of the files stays. Either all of it happens or nothing of it. Writes .phantom.toml, which "
      "is meant to be committed. Starts the ledger the first time on a machine. Keeps no copy in "
      "plain text.\n"
      "Running it again protects what is new. The vault is unlocked by PHANTOM_VAULT_PASSPHRASE or "
      "a question on the terminal, with --key-file by a file under the home, with --secret-service "
      "by the desktop's keyring.\n"
      "--all does it for every git repository with dotenv files at a directory and below, with one "
      "passphrase for all new vaults; the exit code is 1 when one of them failed.";
  command.options = {
      {"from", "FILE", "take the secrets of this dotenv file only", &args->from, {}, 'f'},
      {"all", "DIR", "every git repository at DIR and at most 5 directories below", &args->all},
      environment_option(&args->env),
      {"empty", "", "only make vault and configuration", &args->empty},
      {"key-file", "", "unlock a new vault with a key file, not a passphrase", &args->key_file},
      {"secret-service", "", "unlock a new vault with the desktop's keyring",
       &args->secret_service},
      {"replace", "", "let values of the dotenv file replace other ones in the vault",
       &args->replace},
      {"adopt", "", "let this directory use the project its configuration names, after a question",
       &args->adopt},
      {"dry-run", "", "print what would change, as a diff without values, and do nothing",
       &args->dry_run},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return init(environment, *args); };
  return command;
}

}  // namespace phantom
