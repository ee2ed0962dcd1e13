#include "cli/commands.h"
#include "cli/environment.h"
#include "events/random.h"
#include "ledger/key_change.h"

namespace phantom {
namespace {

struct SealArgs {
  std::optional<std::string> with;
  std::optional<std::string> file;
  bool remove = false;
};

// A key beside what it opens protects nothing.
Status check_elsewhere(const Home& home, const std::filesystem::path& file) {
  std::error_code code;
  const auto absolute = std::filesystem::weakly_canonical(file, code);
  const auto root = std::filesystem::weakly_canonical(home.root, code);
  const auto relative = absolute.lexically_relative(root);
  if (relative.empty() || *relative.begin() == "..") return {};
  return Error{
      Code::kInvalid,
      "the key file would lie in " + home.root.string() + ", beside the keys that it opens",
      "put it on another disk, or let the service manager provide it"};
}

Result<int> seal(Environment& environment, const SealArgs& args) {
  if (args.remove == args.with.has_value()) {
    return Error{Code::kInvalid, "give either --with or --remove",
                 "phantom ledger seal-keys --help shows how it is used"};
  }
  if (args.file && args.with != "keyfile") {
    return Error{Code::kInvalid, "FILE goes with --with keyfile only"};
  }
  PH_TRY(environment.check_own_ledger());
  PH_ASSIGN(const Home home, environment.home());
  std::optional<std::filesystem::path> file;
  if (args.with == "keyfile") {
    if (args.file) file = *args.file;
    if (!file) file = ledger_key_file();
    if (file) PH_TRY(check_elsewhere(home, *file));
  }
  CommandKeyUnlock& unlock = environment.key_unlock();
  AppenderOptions options;
  options.unlock = &unlock;
  unlock.let_ask(true);
  const auto changed = change_key_seal(
      home, environment.context(), options, [&]() -> Result<std::optional<KeySeal>> {
        if (args.remove) return std::optional<KeySeal>();
        const SealMethod method =
            args.with == "keyfile" ? SealMethod::kKeyFile : SealMethod::kPassphrase;
        PH_ASSIGN(KeySeal made, unlock.new_seal(method, file, system_random()));
        return std::optional(std::move(made));
      });
  unlock.let_ask(false);
  PH_TRY(changed);
  Output& out = environment.out();
  if (args.remove) {
    out.note("the ledger's keys are plain files again");
  } else if (file) {
    out.note("the ledger's keys are sealed with the key file " + file->string());
    if (ledger_key_file() != file) {
      out.hint("set PHANTOM_LEDGER_KEY_FILE=" + file->string() + " for everything that records");
    }
  } else {
    out.note("the ledger's keys are sealed with a passphrase");
    out.hint("run 'phantom ledger serve' to be asked for it once; without it nothing is recorded");
  }
  return kExitOk;
}

}  // namespace

Command ledger_seal_keys_command() {
  const auto args = std::make_shared<SealArgs>();
  Command command;
  command.words = {"ledger", "seal-keys"};
  command.summary = "encrypt the ledger's signing keys on disk";
  command.description =
      "Writes the log key and the epoch key anew, so that they open only with a passphrase or a "
      "key "
      "file kept elsewhere, and overwrites the old files. The process that holds the ledger needs "
      "the passphrase (PHANTOM_LEDGER_PASSPHRASE, or asked on the terminal) or the key file "
      "(PHANTOM_LEDGER_KEY_FILE, or phantom-ledger among systemd's credentials) when it starts; "
      "others that record through it do not. Refuses while another process holds the ledger.";
  command.options = {
      {"with", "WHAT", "what shall open them", &args->with, {"passphrase", "keyfile"}},
      {"remove", "", "write plain files again", &args->remove}};
  command.positionals = {
      {"FILE", "the key file; made where there is none", &args->file, Need::kOptional}};
  command.run = [args](Environment& environment) { return seal(environment, *args); };
  return command;
}

}  // namespace phantom
