#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/vault_access.h"

namespace phantom {
namespace {

struct LockArgs {
  bool json = false;
};

Result<int> vault_lock(Environment& environment, const LockArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  VaultAccess access(environment, project, home);
  PH_ASSIGN(const bool forgotten, access.forget_key());
  if (forgotten) {
    environment.out().note(
        "the kept key of the vault is forgotten; sessions that run keep what they have");
  } else {
    environment.out().note("no key of this vault was kept");
    PH_ASSIGN(const LockedVault vault, access.look_locked());
    if (vault.header.method == UnlockMethod::kSecretService) {
      environment.out().hint("its one key lives in the Secret Service: lock the keyring itself");
    }
  }
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("state", forgotten ? "forgotten" : "not-kept");
    environment.out().line(json.end().str());
  }
  return kExitOk;
}

}  // namespace

Command vault_lock_command() {
  const auto args = std::make_shared<LockArgs>();
  Command command;
  command.words = {"vault", "lock"};
  command.summary = "forget the key that vault unlock kept";
  command.description =
      "From then on commands ask for the passphrase again. Sessions that run keep the values they "
      "opened. Needs no passphrase.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return vault_lock(environment, *args); };
  return command;
}

}  // namespace phantom
