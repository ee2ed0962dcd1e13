#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/unlock_words.h"
#include "cli/vault_access.h"

namespace phantom {
namespace {

struct ChangeArgs {
  std::string to = "passphrase";
  bool json = false;
};

Result<int> change_passphrase(Environment& environment, const ChangeArgs& args) {
  PH_ASSIGN(const UnlockMethod method, parse_unlock_word(args.to));
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  VaultAccess access(environment, project, home);
  PH_TRY(access.open());
  PH_TRY(access.vault().change_unlock(method));
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("unlock", unlock_word(method));
    json.field_number("version", access.vault().version());
    out.line(json.end().str());
    return kExitOk;
  }
  switch (method) {
    case UnlockMethod::kPassphrase:
      out.note("the vault opens with the new passphrase");
      break;
    case UnlockMethod::kKeyFile:
      out.note("the vault opens with the key file " + access.unlocker().key_file().string());
      out.hint("back it up: without it the values are lost");
      break;
    case UnlockMethod::kSecretService:
      out.note("the vault opens with a key in the Secret Service");
      out.hint("without that keyring the values are lost: back it up");
      break;
  }
  out.hint("copies of the vault file from before still open the old way");
  return kExitOk;
}

}  // namespace

Command vault_change_passphrase_command() {
  const auto args = std::make_shared<ChangeArgs>();
  Command command;
  command.words = {"vault", "change-passphrase"};
  command.summary = "open the vault with another passphrase, or another way";
  command.description =
      "Opens the vault the way it is opened now, then seals the key of every value anew, in one "
      "change of the vault: it opens the old way or the new way, never neither. Values, versions "
      "and placeholders stay; a kept key is forgotten, and approvals that stand have to be given "
      "anew.\n"
      "The new passphrase is asked for twice, or taken from PHANTOM_VAULT_NEW_PASSPHRASE. With "
      "--to key-file the key file is made if there is none; with --to secret-service a random key "
      "is put into the desktop's Secret Service.";
  command.options = {{"to",
                      "WAY",
                      "passphrase, key-file or secret-service",
                      &args->to,
                      {"passphrase", "key-file", "secret-service"}},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return change_passphrase(environment, *args); };
  return command;
}

}  // namespace phantom
