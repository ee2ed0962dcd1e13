#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/export_passphrase.h"
#include "cli/json.h"
#include "cli/secret_environment.h"
#include "cli/vault_access.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "events/sha256.h"
#include "ledger/home.h"
#include "vault/age_file.h"
#include "vault/export_events.h"
#include "vault/export_text.h"
#include "vault/scanner.h"
#include "vault/secret_name.h"

#include <algorithm>

namespace phantom {
namespace {

namespace fs = std::filesystem;

// As many names as one event has room for.
constexpr std::size_t kNamesPerEvent = 200;
constexpr const char* kFormat = "age";
constexpr unsigned kFileMode = 0600;

struct ExportArgs {
  std::string output;
  std::optional<std::string> env;
  std::optional<std::string> passphrase_file;
  bool replace = false;
  bool json = false;
};

Result<std::vector<std::string>> names_to_export(const Vault& vault, const ExportArgs& args) {
  std::string wanted;
  if (args.env) {
    PH_ASSIGN(wanted, secret_environment(args.env, nullptr));
  }
  std::vector<std::string> names;
  for (const SecretInfo& info : vault.list()) {
    if (!args.env || split_secret_name(info.name).environment == wanted) names.push_back(info.name);
  }
  if (!names.empty()) return names;
  return Error{
      Code::kNotFound,
      args.env ? "the vault has no secret of environment " + wanted : "the vault has no secret",
      "'phantom list --all-envs' shows what there is"};
}

// Events of at most kNamesPerEvent names each.
std::vector<std::vector<std::string>> parts_of(const std::vector<std::string>& names) {
  std::vector<std::vector<std::string>> parts;
  for (std::size_t begin = 0; begin < names.size(); begin += kNamesPerEvent) {
    const auto first = names.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::size_t count = std::min(kNamesPerEvent, names.size() - begin);
    parts.emplace_back(first, first + static_cast<std::ptrdiff_t>(count));
  }
  return parts;
}

// The sealed file. Values are out of memory when it returns.
Result<Bytes> seal(VaultAccess& access, const std::vector<std::string>& names,
                   const SecretBytes& passphrase) {
  PH_ASSIGN(std::vector<OpenedSecret> opened, access.vault().open_secrets(names, "export"));
  std::vector<LoadedSecret> named;
  for (const OpenedSecret& each : opened) named.push_back({each.info.name, &each.value});
  access.appender().set_guard(make_draft_guard(std::make_shared<const SecretScanner>(named)));
  SecretsExport content;
  content.project = access.context().project;
  content.exported_ns = system_clock().wall_ns();
  for (OpenedSecret& each : opened) {
    const SecretInfo& info = each.info;
    content.secrets.push_back({info.name, info.version, info.created_ns, info.changed_ns,
                               info.expires_ns, std::move(each.value)});
  }
  PH_ASSIGN(const SecretBytes text, encode_export(content));
  return seal_age_file(text, passphrase, kAgeLogNDefault, system_random());
}

Result<Bytes> seal_and_write(VaultAccess& access, const std::vector<std::string>& names,
                             const SecretBytes& passphrase, const fs::path& file) {
  PH_ASSIGN(Bytes sealed, seal(access, names, passphrase));
  PH_TRY(write_file_durably(file, sealed, kFileMode));
  return sealed;
}

Status record_and_write(VaultAccess& access, const std::vector<std::string>& names,
                        const SecretBytes& passphrase, const fs::path& file) {
  const std::vector<std::vector<std::string>> parts = parts_of(names);
  std::vector<Seq> requested;
  for (const std::vector<std::string>& part : parts) {
    PH_ASSIGN(const Receipt receipt,
              access.appender().append(secret_export_requested(access.context(), part, kFormat)));
    requested.push_back(receipt.seq);
  }
  const Result<Bytes> sealed = seal_and_write(access, names, passphrase, file);
  const Digest digest = sealed.ok() ? sha256(*sealed) : Digest{};
  const Ending ending = sealed.ok() ? Ending{} : Ending{Outcome::Failed, Reason::IoError};
  Status recorded;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto receipt = access.appender().append(
        secret_export_completed(access.context(), requested[i], parts[i], kFormat, digest, ending));
    if (!receipt.ok() && recorded.ok()) recorded = std::move(receipt.error());
  }
  if (!sealed.ok()) return sealed.error();
  return recorded;
}

Result<int> run_export(Environment& environment, const ExportArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const fs::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  const fs::path file = here / args.output;
  std::error_code code;
  if (!args.replace && fs::exists(fs::symlink_status(file, code))) {
    return Error{Code::kExists, args.output + " is there already", "--replace writes over it"};
  }
  std::optional<fs::path> passphrase_file;
  if (args.passphrase_file) passphrase_file = here / *args.passphrase_file;
  PH_ASSIGN(const SecretBytes passphrase, export_passphrase(passphrase_file, PassphraseUse::kSeal));
  VaultAccess access(environment, project, home);
  PH_TRY(access.open());
  PH_ASSIGN(const std::vector<std::string> names, names_to_export(access.vault(), args));
  PH_TRY(record_and_write(access, names, passphrase, file));

  Output& out = environment.out();
  out.note("exported " + std::to_string(names.size()) + " secrets to " + args.output);
  out.note("older values are not in it; 'age -d' and 'phantom import' open it");
  if (!args.json) return kExitOk;
  Json json;
  json.begin().field_number("v", 1).field("project", project.config.project_id);
  json.field("file", file.string()).field("format", kFormat).key("secrets").begin_list();
  for (const std::string& name : names) json.text(name);
  out.line(json.end_list().end().str());
  return kExitOk;
}

}  // namespace

Command export_command() {
  const auto args = std::make_shared<ExportArgs>();
  Command command;
  command.words = {"export"};
  command.summary = "write the project's secrets into a file that a passphrase opens";
  command.description =
      "Writes a file in the format of age (age-encryption.org/v1), readable by its owner only, "
      "with "
      "the newest value of every secret, its environment, version and end of time. The age program "
      "and 'phantom import' open it. The passphrase comes from --passphrase-file, "
      "PHANTOM_EXPORT_PASSPHRASE or a question on the terminal. What is exported, and the file's "
      "digest, is on record.";
  command.options = {
      {"output", "FILE", "where to write", &args->output, {}, 'o'},
      {"env", "NAME", "only the secrets of this environment; all if not given", &args->env},
      {"passphrase-file", "FILE", "take the passphrase from a file with mode 0600",
       &args->passphrase_file},
      {"replace", "", "write over a file that is there", &args->replace},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) -> Result<int> {
    if (!args->output.empty()) return run_export(environment, *args);
    environment.out().note("export needs -o FILE");
    return kExitUsage;
  };
  return command;
}

}  // namespace phantom
