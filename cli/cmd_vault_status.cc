#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/unlock_words.h"
#include "cli/vault_access.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "vault/secret_name.h"

#include <map>

namespace phantom {
namespace {

struct StatusArgs {
  bool json = false;
};

// Whether commands open it without asking anybody, and why not.
struct Readiness {
  bool ready = false;
  std::string problem;
};

Readiness readiness_of(Unlocker& unlocker, const VaultHeader& header) {
  const auto opens = [&](const Result<VaultKeys>& keys) {
    return keys.ok() && check_vault_key(header, *keys);
  };
  if (header.method == UnlockMethod::kPassphrase) {
    const auto root = unlocker.kept_root(header);
    if (root) return {opens(keys_of_root(*root)), ""};
    const auto& why = unlocker.why_not_kept();
    return {false, why ? why->message : "it asks for a passphrase"};
  }
  // No passphrase, so this derivation costs nothing.
  const auto key = unlocker.for_open(header);
  if (!key.ok()) return {false, key.error().message};
  if (opens(derive_vault_keys(header, key->input))) return {true, ""};
  return {false, "the key that is there is not this vault's"};
}

Result<int> vault_status(Environment& environment, const StatusArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  VaultAccess access(environment, project, home);
  PH_ASSIGN(const LockedVault vault, access.look_locked());
  const VaultHeader& header = vault.header;
  const Readiness readiness = readiness_of(access.unlocker(), header);
  const bool kept = access.unlocker().may_be_kept(header);
  std::map<std::string, std::uint64_t> environments;
  std::uint64_t expired = 0;
  for (const SecretInfo& info : vault.secrets) {
    ++environments[std::string(split_secret_name(info.name).environment)];
    if (is_expired(info, system_clock().wall_ns())) ++expired;
  }
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("project", header.project);
    json.field_number("format", header.format).field_number("version", header.version);
    json.field("unlock", unlock_word(header.method));
    json.key("opens_without_asking").truth(readiness.ready);
    json.key("problem");
    readiness.problem.empty() ? json.null() : json.text(readiness.problem);
    json.key("kept").truth(kept);
    json.field_number("argon2_passes", header.kdf.passes);
    json.field_number("argon2_memory_kib", header.kdf.memory_kib);
    json.field_number("secrets", vault.secrets.size()).field_number("expired", expired);
    json.key("environments").begin_list();
    for (const auto& [name, count] : environments) {
      json.begin().field("name", name).field_number("secrets", count).end();
    }
    out.line(json.end_list().end().str());
    return kExitOk;
  }
  out.line("vault    version " + std::to_string(header.version) + ", format " +
           std::to_string(header.format));
  std::string line = std::string("unlock   ") + unlock_word(header.method);
  if (readiness.ready) line += kept ? ", its key is kept in the Secret Service" : ", ready";
  if (!readiness.ready) line += ": " + one_line(escape_terminal(readiness.problem));
  out.line(line);
  line = "secrets  " + std::to_string(vault.secrets.size());
  for (const auto& [name, count] : environments) {
    line += ", " + std::to_string(count) + " in " + name;
  }
  if (expired != 0) line += ", " + std::to_string(expired) + " past their time";
  out.line(line);
  return kExitOk;
}

}  // namespace

Command vault_status_command() {
  const auto args = std::make_shared<StatusArgs>();
  Command command;
  command.words = {"vault", "status"};
  command.summary = "say how the project's vault is opened, and whether it is ready";
  command.description = "Opens nothing and asks nobody anything.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return vault_status(environment, *args); };
  return command;
}

}  // namespace phantom
