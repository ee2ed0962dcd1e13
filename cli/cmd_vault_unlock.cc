#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/vault_access.h"

namespace phantom {
namespace {

struct UnlockArgs {
  bool json = false;
};

void print(Output& out, const UnlockArgs& args) {
  if (!args.json) return;
  Json json;
  json.begin().field_number("v", 1).field("state", "kept").field("place", "secret-service");
  out.line(json.end().str());
}

Result<int> vault_unlock(Environment& environment, const UnlockArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  VaultAccess access(environment, project, home);
  PH_ASSIGN(const LockedVault vault, access.look_locked());
  if (vault.header.method != UnlockMethod::kPassphrase) {
    return Error{Code::kInvalid, "this vault asks for no passphrase, so there is nothing to keep",
                 "'phantom vault status' says how it is opened"};
  }
  PH_TRY(access.open());
  if (access.vault().key_is_in_session()) {
    environment.out().note("the key of the vault is kept already");
    print(environment.out(), args);
    return kExitOk;
  }
  PH_TRY(access.vault().keep_key());
  environment.out().note(
      "the key of the vault is kept in the Secret Service until 'phantom vault lock'");
  environment.out().hint(
      "every program of yours can have it there while the keyring is unlocked, agents too");
  print(environment.out(), args);
  return kExitOk;
}

}  // namespace

Command vault_unlock_command() {
  const auto args = std::make_shared<UnlockArgs>();
  Command command;
  command.words = {"vault", "unlock"};
  command.summary = "keep the key of a passphrase vault ready, until vault lock";
  command.description =
      "Opens the vault once with its passphrase and keeps the key that follows from it in the "
      "desktop's "
      "Secret Service, so that commands need neither the passphrase nor the time to derive a key. "
      "The passphrase itself is kept nowhere.\n"
      "While the keyring is unlocked every program that runs as you can read the key there, an "
      "agent "
      "in a session too. Do this only where that is acceptable; exec does not hand the address of "
      "the session bus on, but a program can find it.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return vault_unlock(environment, *args); };
  return command;
}

}  // namespace phantom
