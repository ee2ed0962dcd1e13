#include "cli/clipboard.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/secret_environment.h"
#include "cli/terminal.h"
#include "cli/vault_access.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "vault/secret_name.h"
#include "vault/vault_events.h"

#include <unistd.h>

namespace phantom {
namespace {

constexpr std::uint64_t kSecondsDefault = 45;
constexpr std::uint64_t kSecondsMax = 3'600;

struct RevealArgs {
  std::string name;
  std::optional<std::string> env;
  bool clipboard = false;
  std::optional<std::uint64_t> seconds;
  std::optional<std::uint64_t> version;
};

// What is to be revealed, and to where.
struct Wanted {
  SecretInfo info;
  std::uint64_t version = 0;
  std::uint32_t seconds = 0;
  ClipboardKeeper* clipboard = nullptr;  // none: the screen

  bool is_older() const { return version != info.version; }
  const char* method() const { return clipboard == nullptr ? "screen" : "clipboard"; }
};

Result<Wanted> find_wanted(const Vault& vault, const std::string& name, const RevealArgs& args) {
  const std::optional<SecretInfo> info = vault.find(name);
  if (!info) {
    return Error{Code::kNotFound,
                 "the vault has no secret " + escape_terminal(spoken_secret_name(name)),
                 "phantom list prints the names"};
  }
  Wanted wanted;
  wanted.info = *info;
  wanted.version = args.version.value_or(info->version);
  wanted.seconds = static_cast<std::uint32_t>(args.seconds.value_or(kSecondsDefault));
  if (!wanted.is_older()) return wanted;
  std::string kept;
  for (const OlderSecret& older : info->older) {
    if (older.version == wanted.version) return wanted;
    kept += (kept.empty() ? "" : ", ") + std::to_string(older.version);
  }
  return Error{Code::kNotFound,
               "version " + std::to_string(wanted.version) + " of " +
                   spoken_secret_name(info->name) + " is not in the vault",
               "kept are " + (kept.empty() ? "" : kept + " and ") + std::to_string(info->version)};
}

std::string question(const Wanted& wanted) {
  std::string text = "The value of " + escape_terminal(spoken_secret_name(wanted.info.name));
  if (wanted.is_older()) text += ", version " + std::to_string(wanted.version) + ",";
  if (wanted.clipboard == nullptr) return text + " will be shown on this terminal.\n";
  return text + " will be on the clipboard for " + std::to_string(wanted.seconds) +
         " seconds, for every program of this desktop to read.\n";
}

// Hands the value over if the person confirms; says how it ended.
Result<Ending> hand_over(Environment& environment, VaultAccess& access, const Wanted& wanted) {
  PH_ASSIGN(const Answer answer, confirm_on_terminal(question(wanted), "yes"));
  if (answer == Answer::kNo) return Ending{Outcome::Denied, Reason::UserDeclined};
  const std::string& name = wanted.info.name;
  PH_ASSIGN(const OpenedSecret secret,
            wanted.is_older() ? access.vault().open_older(name, wanted.version, "reveal")
                              : access.vault().open_secret(name, "reveal"));
  Output& out = environment.out();
  if (wanted.clipboard != nullptr) {
    PH_TRY(wanted.clipboard->copy(secret.value, wanted.seconds, system_random()));
    out.note("copied; the clipboard is cleared in " + std::to_string(wanted.seconds) +
             " seconds if it still holds the value");
    return Ending{};
  }
  out.result(secret.value.text());
  out.result("\n");
  return out.flush() ? Ending{} : Ending{Outcome::Failed, Reason::IoError};
}

Result<ClipboardKeeper> start_clipboard(Environment& environment) {
  PH_ASSIGN(ClipboardTool tool,
            choose_clipboard_tool([&](const char* name) { return environment.variable(name); },
                                  [&](const std::string& name) {
                                    return find_program(environment.variable("PATH"), name);
                                  }));
  return ClipboardKeeper::start(std::move(tool));
}

Result<int> reveal(Environment& environment, const RevealArgs& args) {
  const std::uint64_t seconds = args.seconds.value_or(kSecondsDefault);
  if ((args.seconds && !args.clipboard) || seconds == 0 || seconds > kSecondsMax) {
    environment.out().note("--seconds goes with --clipboard and is 1 to " +
                           std::to_string(kSecondsMax));
    return kExitUsage;
  }
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
    return Error{Code::kDenied, "a secret is only revealed on a terminal",
                 "run it yourself in a terminal, without pipes; programs get secrets through "
                 "'phantom exec'"};
  }
  PH_ASSIGN(const std::string secrets_of,
            secret_environment(args.env, environment.variable("PHANTOM_ENV")));
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  std::optional<ClipboardKeeper> clipboard;
  // Before the ledger is opened and brings its threads.
  if (args.clipboard) {
    PH_ASSIGN(ClipboardKeeper keeper, start_clipboard(environment));
    clipboard.emplace(std::move(keeper));
  }
  VaultAccess access(environment, project, home);
  PH_TRY(access.open());
  PH_ASSIGN(Wanted wanted,
            find_wanted(access.vault(), full_secret_name(secrets_of, args.name), args));
  if (clipboard) wanted.clipboard = &*clipboard;
  const SecretInfo& info = wanted.info;
  if (is_expired(info, system_clock().wall_ns())) {
    environment.out().note("the time of " + spoken_secret_name(info.name) +
                           " is over: nothing but reveal uses it");
  }
  PH_ASSIGN(const Receipt requested,
            access.appender().append(secret_reveal_requested(access.context(), info.name,
                                                             wanted.version, wanted.method())));
  const Result<Ending> shown = hand_over(environment, access, wanted);
  const Ending ending = shown.ok() ? *shown : Ending{Outcome::Failed, Reason::IoError};
  const Result<Receipt> completed = access.appender().append(secret_reveal_completed(
      access.context(), requested.seq, info.name, wanted.version, wanted.method(), ending));
  if (!shown.ok()) return shown.error();
  if (!completed.ok()) return completed.error();
  if (ending.outcome == Outcome::Denied) return Error{Code::kDenied, "nothing was revealed"};
  return ending.outcome == Outcome::Ok ? kExitOk : kExitIo;
}

}  // namespace

Command reveal_command() {
  const auto args = std::make_shared<RevealArgs>();
  Command command;
  command.words = {"reveal"};
  command.summary = "show a secret to the person at the terminal";
  command.description =
      "Shows the value after a typed confirmation. Works on a terminal only: there is no option "
      "that lets a program have it. The request is recorded before the value is shown.\n"
      "With --clipboard the value goes to the clipboard instead (through wl-copy, xclip or xsel) "
      "and is taken off it after a while, if it is still there. If that fails, nothing is shown.";
  command.positionals = {{"NAME", "name of the secret", &args->name}};
  command.options = {
      environment_option(&args->env),
      {"clipboard", "", "put it on the clipboard, show nothing", &args->clipboard, {}, 'c'},
      {"seconds", "N", "how long it stays on the clipboard; 45 if not given", &args->seconds},
      {"version", "N", "an older value that is kept", &args->version}};
  command.run = [args](Environment& environment) { return reveal(environment, *args); };
  return command;
}

}  // namespace phantom
