#include "cli/init_run.h"

#include "cli/dotenv_names.h"
#include "cli/init_diff.h"
#include "cli/protect.h"
#include "cli/secret_environment.h"
#include "cli/terminal.h"
#include "cli/vault_standing.h"
#include "events/encoding.h"
#include "proxy/services.h"
#include "vault/scanner.h"
#include "vault/secret_name.h"
#include "vault/vault_events.h"
#include "vault/vault_store.h"

#include <algorithm>
#include <array>
#include <sys/stat.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kGitignoreBytesMax = 1024 * 1024;
constexpr unsigned kConfigMode = 0644;

// The project as it is found or as it will be.
struct Site {
  Project project;
  std::string config_text;  // empty when the file is there
};

Result<Site> find_site(const InitRequest& request) {
  const fs::path& here = request.directory;
  std::error_code code;
  if (!request.own || fs::exists(fs::symlink_status(here / kConfigFile, code))) {
    auto existing = read_project_at(here);
    if (existing.ok()) return Site{std::move(*existing), ""};
    if (existing.error().code != Code::kNotFound) return std::move(existing.error());
  }
  std::array<std::uint8_t, 8> id{};
  system_random().fill(id);
  Site site;
  site.config_text = default_config_text(to_hex(id));
  PH_ASSIGN(site.project.config, parse_config(site.config_text));
  site.project.root = fs::canonical(here, code);
  if (code) return Error{Code::kIo, "resolve " + here.string() + ": " + code.message()};
  site.project.config_file = site.project.root / kConfigFile;
  PH_TRY(check_can_replace(site.project.config_file));
  return site;
}

// An id that came with the directory may belong to another project of this machine.
Status check_site(const Home& home, const Site& site, const InitRequest& request) {
  if (!site.config_text.empty()) return {};
  const std::string& id = site.project.config.project_id;
  PH_ASSIGN(const std::vector<fs::path> directories, bound_directories(home, id));
  std::error_code code;
  const bool unknown_here = directories.empty() && !fs::exists(vault_path(home, id), code);
  if (unknown_here) return {};
  const Status bound = check_binding(home, id, site.project.root);
  if (bound.ok()) return {};
  if (!request.adopt) {
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

Result<std::vector<DotenvOnDisk>> read_files(const Site& site, const InitRequest& request) {
  if (request.empty) return std::vector<DotenvOnDisk>();
  if (!request.from) return read_dotenv_files(site.project.root, request.environment);
  std::vector<DotenvOnDisk> files;
  PH_ASSIGN(DotenvOnDisk file, read_dotenv(request.directory / *request.from));
  files.push_back(std::move(file));
  return files;
}

// What a killed process left staged beside the files.
void remove_leftovers(const Site& site, const InitRequest& request) {
  if (request.empty) return;
  if (request.from) return remove_stale_stages(request.directory / *request.from);
  for (const std::string& name : dotenv_names(request.environment)) {
    remove_stale_stages(site.project.root / name);
  }
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

void say_plan(Output& out, const std::vector<DotenvOnDisk>& files, const InitPlan& plan,
              const InitRequest& request) {
  if (files.empty() && request.environment == kDefaultEnvironment) {
    out.note("no dotenv file: nothing to protect yet");
  } else if (files.empty()) {
    out.note("none of " + joined(dotenv_names(request.environment)) + " is there");
  }
  for (const PlannedSecret& secret : plan.secrets) {
    out.note("secret: " + spoken_secret_name(full_secret_name(request.environment, secret.name)) +
             " (" + secret.reason + ")");
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
  std::vector<LoadedSecret> named;
  for (const PlannedSecret& secret : plan.secrets) named.push_back({secret.name, &secret.value});
  appender.set_guard(make_draft_guard(std::make_shared<const SecretScanner>(named)));
}

enum class VaultState { kFound, kMade };

Result<VaultState> open_or_create(VaultAccess& access, UnlockMethod method) {
  const Status opened = access.open();
  if (opened.ok()) return VaultState::kFound;
  if (opened.error().code != Code::kNotFound) return opened.error();
  PH_TRY(access.create(method));
  return VaultState::kMade;
}

// The changes that bring the plan's values into the vault; none for values that are there.
Result<std::vector<VaultChange>> vault_changes(VaultAccess& access, const InitPlan& plan,
                                               const InitRequest& request) {
  std::vector<IncomingSecret> incoming;
  for (const PlannedSecret& secret : plan.secrets) {
    incoming.push_back(
        {full_secret_name(request.environment, secret.name), secret.value.clone(), 0});
  }
  PH_ASSIGN(const std::vector<Standing> standing, standings(access.vault(), incoming, "init"));
  for (std::size_t i = 0; i < incoming.size(); ++i) {
    if (standing[i] != Standing::kDiffers || request.replace) continue;
    const SecretInfo info = *access.vault().find(incoming[i].name);
    const bool over = is_expired(info, system_clock().wall_ns());
    return Error{Code::kConflict,
                 spoken_secret_name(info.name) +
                     (over ? " is in the vault, and its time is over"
                           : " is in the vault with another value than in the dotenv file"),
                 "keep the file's value with --replace, or put the placeholder back into it"};
  }
  return puts_for(incoming, standing);
}

Result<std::vector<DotenvRewrite>> rewrites_of(const Vault& vault,
                                               const std::vector<DotenvOnDisk>& files,
                                               const InitPlan& plan,
                                               const std::string& environment) {
  std::vector<DotenvRewrite> rewrites;
  for (const PlannedEdit& edit : plan.edits) {
    const DotenvOnDisk& file = files[edit.file];
    std::vector<DotenvReplacement> replacements;
    std::vector<std::string> names;
    for (const std::size_t index : edit.entries) {
      const std::string name = full_secret_name(environment, file.parsed.entries[index].key);
      const std::optional<SecretInfo> info = vault.find(name);
      PH_CHECK(info.has_value(), "a secret that was just stored is missing");
      replacements.push_back({index, info->placeholder});
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    PH_ASSIGN(std::string text, rewrite_dotenv(file.text, file.parsed, replacements));
    rewrites.push_back({&file, std::move(text), std::move(names)});
  }
  return rewrites;
}

struct Gitignore {
  fs::path file;
  std::string before;
  std::string after;
  unsigned mode = kConfigMode;
};

Result<Gitignore> plan_gitignore(const Site& site) {
  Gitignore ignore;
  ignore.file = site.project.root / ".gitignore";
  struct stat info {};
  const bool there = lstat(ignore.file.c_str(), &info) == 0;
  if (there && !S_ISREG(info.st_mode)) {
    return Error{Code::kDenied, ignore.file.string() + " is not an ordinary file"};
  }
  if (there) ignore.mode = info.st_mode & 07777;
  if (auto bytes = read_file(ignore.file, kGitignoreBytesMax); bytes.ok()) {
    ignore.before.assign(as_text(*bytes));
  } else if (bytes.error().code != Code::kNotFound) {
    return std::move(bytes.error());
  }
  ignore.after = gitignore_with(ignore.before, ".env");
  return ignore;
}

// Helpful, not needed: a file that cannot be changed is a warning.
void ignore_dotenv(Output& out, const Site& site) {
  Result<Gitignore> ignore = plan_gitignore(site);
  Status done;
  if (!ignore.ok()) {
    done = std::move(ignore.error());
  } else if (ignore->after != ignore->before) {
    done = write_file_durably(ignore->file, as_bytes(ignore->after), ignore->mode);
  }
  if (!done.ok()) out.note("warning: .env was not added to .gitignore: " + done.error().message);
}

std::string diff_of(const Site& site, const std::vector<DotenvOnDisk>& files,
                    const InitPlan& plan) {
  std::string diff;
  for (const PlannedEdit& edit : plan.edits) diff += dotenv_diff(files[edit.file], edit.entries);
  if (!site.config_text.empty()) {
    // The id is made when it is done.
    diff += appended_diff(std::string(kConfigFile), "", default_config_text("<new id>"));
  }
  if (const auto ignore = plan_gitignore(site); ignore.ok() && ignore->after != ignore->before) {
    diff += appended_diff(".gitignore", ignore->before, ignore->after);
  }
  return diff;
}

InitOutcome outcome_of(const Site& site, const std::vector<DotenvOnDisk>& files,
                       const InitPlan& plan) {
  InitOutcome outcome;
  outcome.project_id = site.project.config.project_id;
  outcome.root = site.project.root;
  for (const PlannedSecret& secret : plan.secrets) outcome.secrets.push_back(secret.name);
  for (const PlannedEdit& edit : plan.edits) {
    outcome.files.push_back(files[edit.file].path.filename().string());
  }
  outcome.is_new = !site.config_text.empty();
  const auto routes = resolve_routes(site.project.config);
  outcome.asks_for_routes = routes.ok() && !routes_needing_acceptance(*routes).empty();
  return outcome;
}

// The part that changes things.
Status carry_out(Environment& environment, const InitRequest& request, UnlockInput& input,
                 const Site& site, const std::vector<DotenvOnDisk>& files, const InitPlan& plan,
                 InitOutcome& outcome) {
  PH_ASSIGN(const Home home, environment.home());
  PH_TRY(open_ledger(environment));
  PH_ASSIGN(Appender * appender, environment.appender());
  guard_values(*appender, plan);
  VaultAccess access(environment, site.project, home, input);
  PH_ASSIGN(const VaultState vault_state, open_or_create(access, request.method));
  Protection protection;
  protection.source = "init";
  PH_ASSIGN(protection.changes, vault_changes(access, plan, request));
  protection.rewrites = [&](const Vault& vault) {
    return rewrites_of(vault, files, plan, request.environment);
  };

  PH_TRY(bind_directory(home, site.project.config.project_id, site.project.root));
  if (!site.config_text.empty()) {
    PH_TRY(write_file_durably(site.project.config_file, as_bytes(site.config_text), kConfigMode));
  }
  PH_TRY(protect(access, std::move(protection)));
  ignore_dotenv(environment.out(), site);
  outcome.is_new = outcome.is_new || vault_state == VaultState::kMade;
  if (!outcome.is_new) return {};
  PH_TRY(appender->append(project_initialised(access.context(), site.project.config.digest,
                                              static_cast<std::uint32_t>(plan.secrets.size()))));
  return {};
}

}  // namespace

Result<InitOutcome> run_init(Environment& environment, const InitRequest& request,
                             UnlockInput& input) {
  PH_ASSIGN(const Home home, environment.home());
  // Everything that can be wrong with the input is found before anything is changed.
  PH_ASSIGN(const Site site, find_site(request));
  PH_TRY(check_site(home, site, request));
  if (request.mode == InitMode::kDo) remove_leftovers(site, request);
  PH_ASSIGN(const std::vector<DotenvOnDisk> files, read_files(site, request));
  PH_ASSIGN(const InitPlan plan, plan_init(files));
  for (const PlannedEdit& edit : plan.edits) PH_TRY(check_can_replace(files[edit.file].path));
  say_plan(environment.out(), files, plan, request);

  InitOutcome outcome = outcome_of(site, files, plan);
  if (request.mode == InitMode::kTell) {
    outcome.diff = diff_of(site, files, plan);
    return outcome;
  }
  PH_TRY(carry_out(environment, request, input, site, files, plan, outcome));
  return outcome;
}

}  // namespace phantom
