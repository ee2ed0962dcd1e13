#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/init_plan.h"
#include "cli/json.h"
#include "cli/terminal.h"
#include "cli/vault_access.h"
#include "events/encoding.h"
#include "proxy/services.h"
#include "vault/scanner.h"
#include "vault/vault_events.h"
#include "vault/vault_store.h"

#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDotenvNames[] = {".env", ".env.local", ".env.development",
                                        ".env.development.local"};
constexpr std::size_t kGitignoreBytesMax = 1024 * 1024;
constexpr unsigned kConfigMode = 0644;

struct InitArgs {
  std::optional<std::string> from;
  bool empty = false;
  bool key_file = false;
  bool adopt = false;
  bool replace = false;
  bool dry_run = false;
  bool json = false;
};

// The project as it is found or as it will be.
struct Site {
  Project project;
  std::string config_text;  // empty when the file is there
};

Result<Site> find_site(const fs::path& here) {
  auto existing = read_project_at(here);
  if (existing.ok()) return Site{std::move(*existing), ""};
  if (existing.error().code != Code::kNotFound) return std::move(existing.error());
  std::array<std::uint8_t, 8> id{};
  system_random().fill(id);
  Site site;
  site.config_text = default_config_text(to_hex(id));
  PH_ASSIGN(site.project.config, parse_config(site.config_text));
  std::error_code code;
  site.project.root = fs::canonical(here, code);
  if (code) return Error{Code::kIo, "resolve " + here.string() + ": " + code.message()};
  site.project.config_file = site.project.root / kConfigFile;
  PH_TRY(check_can_replace(site.project.config_file));
  return site;
}

// An id that came with the directory may belong to another project of this machine.
Status check_site(const Home& home, const Site& site, const InitArgs& args) {
  if (!site.config_text.empty()) return {};
  const std::string& id = site.project.config.project_id;
  PH_ASSIGN(const std::vector<fs::path> directories, bound_directories(home, id));
  std::error_code code;
  const bool unknown_here = directories.empty() && !fs::exists(vault_path(home, id), code);
  if (unknown_here) return {};
  const Status bound = check_binding(home, id, site.project.root);
  if (bound.ok()) return {};
  if (!args.adopt) {
    Error error = bound.error();
    if (directories.empty()) {
      error.message += ", but a vault for it is";
      error.hint = "if it is yours, run 'phantom init --adopt' there";
    }
    return error;
  }
  std::string text = site.project.root.string() + " will be given the secrets of project " + id;
  if (!directories.empty()) text += ", which belong to " + directories.front().string();
  PH_ASSIGN(const Answer answer, confirm_on_terminal(text + ".\n", "yes"));
  if (answer == Answer::kNo) return Error{Code::kDenied, "nothing was changed"};
  return {};
}

Result<std::vector<DotenvOnDisk>> read_files(const Site& site, const fs::path& here,
                                             const InitArgs& args) {
  std::vector<DotenvOnDisk> files;
  if (args.empty) return files;
  if (args.from) {
    PH_ASSIGN(DotenvOnDisk file, read_dotenv(here / *args.from));
    files.push_back(std::move(file));
    return files;
  }
  for (const char* name : kDotenvNames) {
    auto file = read_dotenv(site.project.root / name);
    if (!file.ok() && file.error().code == Code::kNotFound) continue;
    if (!file.ok()) return std::move(file.error());
    files.push_back(std::move(*file));
  }
  return files;
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

std::vector<std::string> edited_files(const std::vector<DotenvOnDisk>& files,
                                      const InitPlan& plan) {
  std::vector<std::string> names;
  for (const PlannedEdit& edit : plan.edits) {
    names.push_back(files[edit.file].path.filename().string());
  }
  return names;
}

void print_plan(Output& out, const std::vector<DotenvOnDisk>& files, const InitPlan& plan) {
  if (files.empty()) out.note("no dotenv file: nothing to protect yet");
  for (const PlannedSecret& secret : plan.secrets) {
    out.note("secret: " + secret.name + " (" + secret.reason + ")");
  }
  if (!plan.left.empty()) out.note("left as they are: " + joined(plan.left));
  if (!plan.placeholders.empty()) out.note("protected already: " + joined(plan.placeholders));
  for (const std::string& warning : plan.warnings) out.note("warning: " + warning);
}

Status open_ledger(Environment& environment) {
  PH_ASSIGN(const Home home, environment.home());
  auto opened = environment.appender();
  if (!opened.ok() && opened.error().code == Code::kNotFound) {
    PH_ASSIGN(const CreatedLedger made, environment.create_ledger_here());
    environment.out().note("started ledger " + made.origin + " in " + home.ledger().string());
    PH_TRY(environment.appender());
    return {};
  }
  PH_TRY(opened);
  return {};
}

void guard_values(Appender& appender, const InitPlan& plan) {
  std::vector<NamedSecret> named;
  for (const PlannedSecret& secret : plan.secrets) named.push_back({secret.name, &secret.value});
  appender.set_guard(make_draft_guard(std::make_shared<const SecretScanner>(named)));
}

enum class VaultState { kFound, kMade };

Result<VaultState> open_or_create(VaultAccess& access, const InitArgs& args) {
  const Status opened = access.open();
  if (opened.ok()) return VaultState::kFound;
  if (opened.error().code != Code::kNotFound) return opened.error();
  PH_TRY(access.create(args.key_file ? UnlockMethod::kKeyFile : UnlockMethod::kPassphrase));
  return VaultState::kMade;
}

// The changes that bring the plan's values into the vault; none for values that are there.
Result<std::vector<VaultChange>> vault_changes(VaultAccess& access, const InitPlan& plan,
                                               const InitArgs& args) {
  std::vector<std::string> known;
  for (const PlannedSecret& secret : plan.secrets) {
    if (access.vault().find(secret.name)) known.push_back(secret.name);
  }
  std::vector<OpenedSecret> stored;
  if (!known.empty()) {
    PH_ASSIGN(stored, access.vault().open_secrets(known, "init"));
  }
  std::vector<VaultChange> changes;
  for (const PlannedSecret& secret : plan.secrets) {
    const auto same_name =
        std::find_if(stored.begin(), stored.end(),
                     [&](const OpenedSecret& each) { return each.info.name == secret.name; });
    if (same_name != stored.end()) {
      if (same_name->value.equals(secret.value)) continue;
      if (!args.replace) {
        return Error{Code::kConflict,
                     secret.name + " is in the vault with another value than in the dotenv file",
                     "keep the file's value with --replace, or put the placeholder back into it"};
      }
    }
    VaultChange change;
    change.name = secret.name;
    change.value = secret.value.clone();
    changes.push_back(std::move(change));
  }
  return changes;
}

Status rewrite_files(VaultAccess& access, const std::vector<DotenvOnDisk>& files,
                     const InitPlan& plan) {
  for (const PlannedEdit& edit : plan.edits) {
    const DotenvOnDisk& file = files[edit.file];
    std::vector<DotenvReplacement> replacements;
    std::vector<std::string> names;
    for (const std::size_t index : edit.entries) {
      const std::string& name = file.parsed.entries[index].key;
      const std::optional<SecretInfo> info = access.vault().find(name);
      PH_CHECK(info.has_value(), "a secret that was just stored is missing");
      replacements.push_back({index, info->placeholder});
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    PH_ASSIGN(const std::string text, rewrite_dotenv(file.text, file.parsed, replacements));
    PH_TRY(replace_dotenv(access.appender(), access.context(), file, text, names));
  }
  return {};
}

// Helpful, not needed: a file that cannot be changed is a warning.
void ignore_dotenv(Output& out, const Site& site) {
  const fs::path file = site.project.root / ".gitignore";
  struct stat info {};
  const bool there = lstat(file.c_str(), &info) == 0;
  std::string text;
  Status done;
  if (there && !S_ISREG(info.st_mode)) {
    done = Error{Code::kDenied, file.string() + " is not an ordinary file"};
  } else if (auto bytes = read_file(file, kGitignoreBytesMax); bytes.ok()) {
    text.assign(as_text(*bytes));
  } else if (bytes.error().code != Code::kNotFound) {
    done = std::move(bytes.error());
  }
  if (done.ok()) {
    const std::string wanted = gitignore_with(text, ".env");
    if (wanted == text) return;
    done = write_file_durably(file, as_bytes(wanted), there ? info.st_mode & 07777 : kConfigMode);
  }
  if (!done.ok()) out.note("warning: .env was not added to .gitignore: " + done.error().message);
}

void print_result(Output& out, const Site& site, const std::vector<DotenvOnDisk>& files,
                  const InitPlan& plan, const InitArgs& args) {
  if (!args.json) return;
  Json json;
  json.begin().field_number("v", 1).field("project", site.project.config.project_id);
  json.field("root", site.project.root.string()).key("protected").begin_list();
  for (const PlannedSecret& secret : plan.secrets) json.text(secret.name);
  json.end_list().key("files").begin_list();
  for (const std::string& name : edited_files(files, plan)) json.text(name);
  json.end_list().key("dry_run").truth(args.dry_run);
  out.line(json.end().str());
}

void say_what_is_next(Output& out, const Project& project) {
  const auto routes = resolve_routes(project.config);
  if (routes.ok() && !routes_needing_acceptance(*routes).empty()) {
    out.hint("the project's own routes have to be accepted: phantom config accept");
  }
  out.hint("run your agent with: phantom exec -- COMMAND");
}

Result<int> init(Environment& environment, const InitArgs& args) {
  if (args.empty && args.from) {
    environment.out().note("--empty and --from exclude each other");
    return kExitUsage;
  }
  Output& out = environment.out();
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const fs::path here, environment.working_directory());

  // Everything that can be wrong with the input is found before anything is changed.
  PH_ASSIGN(const Site site, find_site(here));
  PH_TRY(check_site(home, site, args));
  PH_ASSIGN(const std::vector<DotenvOnDisk> files, read_files(site, here, args));
  PH_ASSIGN(const InitPlan plan, plan_init(files));
  for (const PlannedEdit& edit : plan.edits) PH_TRY(check_can_replace(files[edit.file].path));
  print_plan(out, files, plan);
  if (args.dry_run) {
    print_result(out, site, files, plan, args);
    return kExitOk;
  }

  PH_TRY(open_ledger(environment));
  PH_ASSIGN(Appender * appender, environment.appender());
  guard_values(*appender, plan);
  VaultAccess access(environment, site.project, home);
  PH_ASSIGN(const VaultState vault_state, open_or_create(access, args));
  PH_ASSIGN(std::vector<VaultChange> changes, vault_changes(access, plan, args));

  PH_TRY(bind_directory(home, site.project.config.project_id, site.project.root));
  if (!site.config_text.empty()) {
    PH_TRY(write_file_durably(site.project.config_file, as_bytes(site.config_text), kConfigMode));
  }
  if (!changes.empty()) PH_TRY(access.vault().change("init", std::move(changes)));
  PH_TRY(rewrite_files(access, files, plan));
  ignore_dotenv(out, site);
  if (vault_state == VaultState::kMade || !site.config_text.empty()) {
    PH_TRY(appender->append(project_initialised(access.context(), site.project.config.digest,
                                                static_cast<std::uint32_t>(plan.secrets.size()))));
  }
  out.note("protected " + std::to_string(plan.secrets.size()) + " secrets of project " +
           site.project.config.project_id);
  print_result(out, site, files, plan, args);
  say_what_is_next(out, site.project);
  return kExitOk;
}

}  // namespace

Command init_command() {
  const auto args = std::make_shared<InitArgs>();
  Command command;
  command.words = {"init"};
  command.summary = "move a project's secrets from its dotenv files into a vault";
  command.description =
      "Finds .env, .env.local, .env.development and .env.development.local, stores what looks like "
      "a secret in an encrypted vault outside the project and puts a worthless placeholder in its "
      "place; every other byte of the files stays. Writes .phantom.toml, which is meant to be "
      "committed. Starts the ledger the first time on a machine. Keeps no copy in plain text.\n"
      "Running it again protects what is new. The vault is unlocked by PHANTOM_VAULT_PASSPHRASE or "
      "a question on the terminal, with --key-file by a file under the home.";
  command.options = {
      {"from", "FILE", "take the secrets of this dotenv file only", &args->from, {}, 'f'},
      {"empty", "", "only make vault and configuration", &args->empty},
      {"key-file", "", "unlock a new vault with a key file, not a passphrase", &args->key_file},
      {"replace", "", "let values of the dotenv file replace other ones in the vault",
       &args->replace},
      {"adopt", "", "let this directory use the project its configuration names, after a question",
       &args->adopt},
      {"dry-run", "", "say what would be done and do nothing", &args->dry_run},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return init(environment, *args); };
  return command;
}

}  // namespace phantom
