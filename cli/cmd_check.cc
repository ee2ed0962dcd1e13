#include "cli/check_baseline.h"
#include "cli/check_config.h"
#include "cli/check_record.h"
#include "cli/check_report.h"
#include "cli/check_run.h"
#include "cli/check_sources.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/git_hook.h"
#include "cli/json.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "events/encoding.h"
#include "events/random.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr char kBaselineFile[] = ".phantom/check-baseline.json";
constexpr std::size_t kBaselineBytesMax = std::size_t{32} << 20;

struct CheckArgs {
  std::vector<std::string> paths;
  bool staged = false;
  bool all = false;
  bool history = false;
  bool agents = false;
  bool whole_files = false;
  bool update_baseline = false;
  bool install_hook = false;
  bool remove_hook = false;
  bool rules = false;
  bool json = false;
  std::optional<std::string> baseline;
  std::optional<std::string> format;
  std::optional<std::string> output;
};

// What a run is about.
struct Scope {
  std::string name;
  fs::path repository;  // where git runs; empty when it does not
  std::vector<CheckItem> items;
  std::optional<NextItems> history;
  bool only_added = false;
};

std::string contradiction(const CheckArgs& args) {
  const int scopes = args.staged + args.all + args.history + args.agents;
  const int acts = args.install_hook + args.remove_hook + args.rules;
  if (scopes > 1) return "--staged, --all, --history and --agents exclude each other";
  if (acts > 1 || (acts == 1 && (scopes > 0 || !args.paths.empty() || args.update_baseline))) {
    return "--install-hook, --remove-hook and --rules stand alone";
  }
  if ((args.history || args.agents) && !args.paths.empty()) {
    return "--history and --agents take no PATH";
  }
  if (args.whole_files && !args.staged) return "--whole-files goes with --staged";
  if (args.json && args.format) return "--json is short for --format json: give one";
  return "";
}

std::vector<std::string> absolute_paths(const fs::path& here,
                                        const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for (const std::string& path : paths) all.push_back((here / path).lexically_normal().string());
  return all;
}

Result<Scope> scope_of(Environment& environment, const CheckArgs& args) {
  PH_ASSIGN(const fs::path here, environment.working_directory());
  Scope scope;
  if (args.agents) {
    scope.name = "agents";
    const char* home = environment.variable("HOME");
    if (home == nullptr || *home == '\0') {
      return Error{Code::kNotFound, "HOME is not set, so there are no agents' folders to look in"};
    }
    AgentItems found = agent_items(home);
    if (found.sign_in_files > 0) {
      environment.out().note("left out: " + plural(found.sign_in_files, "file") +
                             " in which agents keep their own sign-in");
    }
    scope.items = std::move(found.items);
    return scope;
  }
  if (args.history) {
    scope.name = "history";
    scope.repository = here;
    PH_ASSIGN(NextItems next, history_items(here));
    scope.history = std::move(next);
    return scope;
  }
  if (args.staged) {
    scope.name = "staged";
    scope.repository = here;
    PH_TRY(git_work_tree(here));
    PH_ASSIGN(scope.items, staged_items(here, absolute_paths(here, args.paths)));
    scope.only_added = !args.whole_files;
    return scope;
  }
  if (args.all) {
    scope.name = "all";
    PH_ASSIGN(scope.repository, git_work_tree(here));
    PH_ASSIGN(scope.items, tree_items(scope.repository, absolute_paths(here, args.paths)));
    return scope;
  }
  if (!args.paths.empty()) {
    scope.name = "paths";
    for (const std::string& path : args.paths) {
      PH_ASSIGN(std::vector<CheckItem> found, path_items(here / path, path));
      std::move(found.begin(), found.end(), std::back_inserter(scope.items));
    }
    return scope;
  }
  scope.name = "project";
  scope.items = dotenv_items(here);
  const auto top = git_work_tree(here);
  if (top.ok()) {
    scope.repository = here;
    PH_ASSIGN(std::vector<CheckItem> staged, staged_items(here, {}));
    std::move(staged.begin(), staged.end(), std::back_inserter(scope.items));
    scope.only_added = true;
  } else if (top.error().code != Code::kNotFound) {
    return top.error();
  }
  return scope;
}

struct BaselineUse {
  fs::path file;
  Baseline baseline;
};

Result<BaselineUse> read_baseline(Environment& environment, const CheckArgs& args) {
  BaselineUse use;
  PH_ASSIGN(const fs::path here, environment.working_directory());
  if (args.baseline) {
    use.file = *args.baseline;
  } else {
    const auto top = git_work_tree(here);
    use.file = (top.ok() ? *top : here) / kBaselineFile;
  }
  const auto bytes = read_file(use.file, kBaselineBytesMax);
  if (bytes.ok()) {
    PH_ASSIGN(use.baseline, parse_baseline(as_text(*bytes)));
    return use;
  }
  const bool missing = bytes.error().code == Code::kNotFound;
  if (!missing || (args.baseline && !args.update_baseline)) return bytes.error();
  std::array<std::uint8_t, 16> salt{};
  system_random().fill(salt);
  use.baseline.salt = to_hex(salt);
  return use;
}

Status write_baseline(const BaselineUse& use) {
  std::error_code code;
  if (use.file.has_parent_path()) fs::create_directories(use.file.parent_path(), code);
  return write_output_file(use.file.string(), as_bytes(baseline_to_json(use.baseline)));
}

std::string report_of(const CheckArgs& args, const CheckResult& result, const std::string& scope) {
  const std::string format = args.json ? "json" : args.format.value_or("text");
  if (format == "json") return check_to_json(result, scope);
  if (format == "sarif") return check_to_sarif(result, scope);
  return check_to_text(result);
}

void say(Environment& environment, const CheckResult& result, const Scope& scope) {
  for (const SkippedItem& skipped : result.skipped) {
    environment.out().note("not looked at: " + skipped.path + ": " + skipped.reason);
  }
  environment.out().note(check_summary(result));
  if (result.findings.empty()) return;
  const bool dotenv =
      std::any_of(result.findings.begin(), result.findings.end(),
                  [](const CheckFinding& each) { return is_dotenv_file(each.path); });
  if (dotenv) {
    environment.out().hint("'phantom init' moves the values of dotenv files into the vault");
  }
  if (scope.name == "history") {
    environment.out().hint(
        "what is in the history is known to everybody who has it: make new keys, and revoke these");
  } else {
    environment.out().hint(
        "put a value into the vault with 'phantom add NAME'; one that is none gets the comment "
        "'phantom:allow' on its line, or goes into the baseline with --update-baseline");
  }
}

// The word of check.scanned.
std::string event_scope(const std::string& name) {
  if (name == "all") return "tree";
  return name == "project" ? "paths" : name;
}

Result<int> look(Environment& environment, const CheckArgs& args) {
  PH_ASSIGN(Scope scope, scope_of(environment, args));
  PH_ASSIGN(BaselineUse use, read_baseline(environment, args));
  CheckRun run;
  run.repository = scope.repository;
  run.salt = use.baseline.salt;
  const std::uint64_t total = scope.items.size();
  Progress progress("texts");
  run.progress = [&](std::uint64_t done) { progress.show(done, std::max(total, done)); };
  const std::vector<CheckItem> items = scope.only_added ? scope.items : std::vector<CheckItem>{};
  run.next = scope.history ? *scope.history : batches_of(std::move(scope.items));
  PH_ASSIGN(CheckResult result, run_check(run));
  if (scope.only_added) PH_TRY(keep_added_lines(scope.repository, items, result.findings));

  if (args.update_baseline) {
    if (result.more) {
      return Error{Code::kLimit, "there are too many findings for a baseline",
                   "look at a part of the files: give PATHS"};
    }
    const std::size_t before = use.baseline.entries.size();
    add_to_baseline(use.baseline, result.findings);
    PH_TRY(write_baseline(use));
    environment.out().note("added " + plural(use.baseline.entries.size() - before, "finding") +
                           " to " + use.file.string());
    environment.out().hint("commit it, so that the others have it too");
  }
  const std::size_t found = result.findings.size();
  std::erase_if(result.findings,
                [&](const CheckFinding& each) { return is_known(use.baseline, each); });
  result.accepted = found - result.findings.size();
  record_check(environment, event_scope(scope.name), result.texts, result.findings.size());

  if (scope.only_added) {
    PH_ASSIGN(result.config, staged_config_problems(scope.repository));
  }

  const std::string report = report_of(args, result, scope.name);
  if (args.output) {
    PH_TRY(write_output_file(*args.output, as_bytes(report)));
  } else {
    environment.out().result(report);
  }
  say(environment, result, scope);
  if (stops_commit(result.config)) {
    environment.out().hint(
        "'phantom config show' says where each secret goes; take out what goes where no key "
        "belongs");
    return kExitFailed;
  }
  if (!result.findings.empty()) return kExitFailed;
  return result.skipped.empty() ? kExitOk : kExitIndeterminate;
}

Result<int> change_hook(Environment& environment, const CheckArgs& args) {
  PH_ASSIGN(const fs::path here, environment.working_directory());
  PH_ASSIGN(const HookChange change, args.install_hook ? install_hook(here) : remove_hook(here));
  Output& out = environment.out();
  for (const std::string& note : change.notes) out.note(note);
  const std::string hook = change.hook.string();
  if (args.remove_hook) {
    out.note("took the hook away: " + hook);
    if (change.kept_other) out.note("the hook that was there before is back");
  } else if (!change.changed) {
    out.note("the hook is there already: " + hook);
  } else {
    out.note("every commit is checked now: " + hook);
    if (change.kept_other) out.note("the hook that was there runs first");
  }
  return kExitOk;
}

void print_rules(Environment& environment, const CheckArgs& args) {
  Json json;
  json.begin().field_number("v", 1).key("rules").begin_list();
  for (const SecretRule& rule : secret_rules()) {
    if (args.json) {
      json.begin().field("id", rule.id).field("provider", rule.provider).field("what", rule.what);
      json.field("severity", severity_name(rule.severity)).field("source", rule.source).end();
    } else {
      environment.out().line(std::string(rule.id) + "  " + std::string(rule.provider) + " " +
                             std::string(rule.what));
    }
  }
  if (args.json) environment.out().line(json.end_list().end().str());
}

Result<int> check(Environment& environment, const CheckArgs& args) {
  if (const std::string wrong = contradiction(args); !wrong.empty()) {
    environment.out().note(wrong);
    return kExitUsage;
  }
  if (args.rules) {
    print_rules(environment, args);
    return kExitOk;
  }
  if (args.install_hook || args.remove_hook) return change_hook(environment, args);
  return look(environment, args);
}

}  // namespace

Command check_command() {
  const auto args = std::make_shared<CheckArgs>();
  Command command;
  command.words = {"check"};
  command.summary = "find secrets in files, in what is staged, or in the history";
  command.description =
      "Looks for the keys of some 200 providers, private keys, URLs with passwords, and random "
      "values under the name of a secret. Shows where they are, never the values. Without a "
      "PATH and a scope it looks at the dotenv files here and at what is staged.\n"
      "Exit code 1 when something was found that is neither allowed on its line, by the comment "
      "'phantom:allow', nor in the baseline. Needs no home and no ledger; where there is one the "
      "search is recorded, by its scope and its numbers.";
  command.options = {
      {"staged", "", "what is about to be committed; only lines the commit adds count",
       &args->staged},
      {"whole-files", "", "with --staged: all lines of the changed files count",
       &args->whole_files},
      {"all", "", "every file of the work tree that git tracks or would track", &args->all},
      {"history", "", "every version of every file that a branch, a tag or HEAD reaches",
       &args->history},
      {"agents", "", "transcripts, logs and settings of agents in the home directory",
       &args->agents},
      {"baseline", "FILE", "findings that are known, in place of .phantom/check-baseline.json",
       &args->baseline},
      {"update-baseline", "", "add what is found to the baseline", &args->update_baseline},
      {"format", "FORMAT", "of the report", &args->format, {"text", "json", "sarif"}},
      {"json", "", "the same as --format json", &args->json},
      {"output", "FILE", "write the report there", &args->output, {}, 'o'},
      {"install-hook", "", "check every commit before it is made; hooks that are there stay",
       &args->install_hook},
      {"remove-hook", "", "take that hook away again", &args->remove_hook},
      {"rules", "", "print what is looked for", &args->rules}};
  command.positionals = {{"PATH", "files and directories", &args->paths, Need::kOptional}};
  command.run = [args](Environment& environment) { return check(environment, *args); };
  return command;
}

}  // namespace phantom
