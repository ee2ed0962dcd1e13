#include "cli/commands.h"
#include "cli/dotenv_names.h"
#include "cli/environment.h"
#include "cli/export_passphrase.h"
#include "cli/json.h"
#include "cli/protect.h"
#include "cli/secret_environment.h"
#include "cli/vault_standing.h"
#include "events/encoding.h"
#include "ledger/home.h"
#include "vault/age_file.h"
#include "vault/export_text.h"
#include "vault/import_format.h"
#include "vault/placeholder.h"
#include "vault/scanner.h"
#include "vault/secret_name.h"

#include <algorithm>
#include <deque>
#include <set>

namespace phantom {
namespace {

namespace fs = std::filesystem;

struct ImportArgs {
  std::string file;
  std::optional<std::string> from;
  std::optional<std::string> env;
  std::optional<std::string> passphrase_file;
  bool replace = false;
  bool dry_run = false;
  bool json = false;
};

struct Renamed {
  std::string label;
  std::string name;
};

struct Incoming {
  std::vector<IncomingSecret> secrets;
  std::vector<std::string> skipped;
  std::vector<Renamed> renamed;
};

Result<Incoming> read_foreign(const ImportFormat& format, ByteView bytes,
                              const std::string& environment) {
  auto batch = format.parse(as_text(bytes));
  if (!batch.ok()) {
    Error error = std::move(batch.error());
    if (error.hint.empty()) error.hint = "expected is " + std::string(format.source);
    return error;
  }
  Incoming incoming;
  for (ImportedSecret& each : batch->secrets) {
    const std::string name = full_secret_name(environment, each.name);
    if (!each.label.empty()) incoming.renamed.push_back({std::move(each.label), name});
    incoming.secrets.push_back({name, std::move(each.value), 0});
  }
  incoming.skipped = std::move(batch->skipped);
  return incoming;
}

Result<Incoming> read_export(ByteView bytes, const ImportArgs& args, const fs::path& here) {
  std::optional<fs::path> passphrase_file;
  if (args.passphrase_file) passphrase_file = here / *args.passphrase_file;
  PH_ASSIGN(const SecretBytes passphrase, export_passphrase(passphrase_file, PassphraseUse::kOpen));
  PH_ASSIGN(const SecretBytes text, open_age_file(bytes, passphrase));
  PH_ASSIGN(SecretsExport content, parse_export(text.text()));
  std::string only;
  if (args.env) {
    PH_ASSIGN(only, secret_environment(args.env, nullptr));
  }
  Incoming incoming;
  for (ExportedSecret& each : content.secrets) {
    if (args.env && split_secret_name(each.name).environment != only) {
      incoming.skipped.push_back(each.name);
      continue;
    }
    incoming.secrets.push_back({std::move(each.name), std::move(each.value), each.expires_ns});
  }
  if (!incoming.secrets.empty()) return incoming;
  return Error{Code::kNotFound, args.env ? "the file has no secret of environment " + only
                                         : "the file has no secret"};
}

Result<Incoming> read_incoming(Environment& environment, const ImportArgs& args) {
  PH_ASSIGN(const fs::path here, environment.working_directory());
  const ImportFormat* format = args.from ? find_import_format(*args.from) : nullptr;
  PH_ASSIGN(const std::string secrets_of,
            secret_environment(args.env, environment.variable("PHANTOM_ENV")));
  const std::size_t bytes_max = format != nullptr ? kImportBytesMax : kAgeFileBytesMax;
  auto bytes = read_file(here / args.file, bytes_max);
  if (!bytes.ok()) return std::move(bytes.error());
  Result<Incoming> incoming = format == nullptr ? read_export(*bytes, args, here)
                                                : read_foreign(*format, *bytes, secrets_of);
  wipe(*bytes);
  return incoming;
}

// Dotenv files with a placeholder that stands for nothing here, such as another machine's, under a
// name that is imported: it gets the one that does.
class DeadPlaceholders {
 public:
  Status find(const Project& project, const std::vector<IncomingSecret>& secrets) {
    std::set<std::string> environments;
    for (const IncomingSecret& each : secrets) {
      environments.emplace(split_secret_name(each.name).environment);
    }
    for (const std::string& environment : environments) {
      PH_ASSIGN(std::vector<DotenvOnDisk> files, read_dotenv_files(project.root, environment));
      for (DotenvOnDisk& file : files) files_.push_back({environment, std::move(file)});
    }
    return {};
  }

  Result<std::vector<DotenvRewrite>> rewrites(const Vault& vault,
                                              const std::vector<IncomingSecret>& secrets) const {
    std::set<std::string_view> imported;
    for (const IncomingSecret& each : secrets) imported.insert(each.name);
    std::set<std::string> alive;
    for (const SecretInfo& info : vault.list()) alive.insert(info.placeholder);
    std::vector<DotenvRewrite> all;
    for (const auto& [environment, file] : files_) {
      DotenvRewrite rewrite;
      std::vector<DotenvReplacement> replacements;
      for (std::size_t i = 0; i < file.parsed.entries.size(); ++i) {
        const std::string name = full_secret_name(environment, file.parsed.entries[i].key);
        const SecretBytes value = dotenv_value(file.text, file.parsed.entries[i]);
        if (!imported.contains(name) || !is_placeholder(value.text())) continue;
        if (alive.contains(std::string(value.text()))) continue;
        replacements.push_back({i, vault.find(name)->placeholder});
        rewrite.names.push_back(name);
      }
      if (replacements.empty()) continue;
      PH_ASSIGN(rewrite.text, rewrite_dotenv(file.text, file.parsed, replacements));
      rewrite.before = &file;
      all.push_back(std::move(rewrite));
    }
    return all;
  }

 private:
  std::deque<std::pair<std::string, DotenvOnDisk>> files_;
};

std::vector<std::string> names_with(const Incoming& incoming, const std::vector<Standing>& standing,
                                    Standing wanted) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < standing.size(); ++i) {
    if (standing[i] == wanted) names.push_back(incoming.secrets[i].name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + escape_terminal(spoken_secret_name(name));
  }
  return text;
}

void add_names(Json& json, std::string_view key, const std::vector<std::string>& names) {
  json.key(key).begin_list();
  for (const std::string& name : names) json.text(name);
  json.end_list();
}

void print_result(Output& out, const ImportArgs& args, const Incoming& incoming,
                  const std::vector<Standing>& standing, const std::vector<std::string>& files) {
  const std::vector<std::string> added = names_with(incoming, standing, Standing::kNew);
  const std::vector<std::string> replaced = names_with(incoming, standing, Standing::kDiffers);
  const std::vector<std::string> unchanged = names_with(incoming, standing, Standing::kSame);
  for (const Renamed& each : incoming.renamed) {
    out.note(escape_terminal(one_line(each.label)) + " is called " + each.name);
  }
  const auto say = [&](const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) out.note(std::string(what) + ": " + joined(names));
  };
  say(args.dry_run ? "would be added" : "added", added);
  say(args.dry_run ? "new values would be given to" : "new values for", replaced);
  say("the same in the vault already", unchanged);
  say("not taken", incoming.skipped);
  for (const std::string& file : files) out.note(file + " holds the new placeholders");
  if (args.from && !args.dry_run) {
    out.hint(args.file + " still holds the secrets in clear: delete it when you no longer need it");
  }
  if (!args.json) return;
  Json json;
  json.begin().field_number("v", 1).field("from", args.from.value_or("age"));
  add_names(json, "added", added);
  add_names(json, "replaced", replaced);
  add_names(json, "unchanged", unchanged);
  add_names(json, "skipped", incoming.skipped);
  json.key("renamed").begin_list();
  for (const Renamed& each : incoming.renamed) {
    json.begin().field("label", each.label).field("name", each.name).end();
  }
  json.end_list();
  add_names(json, "files", files);
  out.line(json.key("dry_run").truth(args.dry_run).end().str());
}

Result<int> run_import(Environment& environment, const ImportArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const fs::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const Incoming incoming, read_incoming(environment, args));
  DeadPlaceholders dead;
  PH_TRY(dead.find(project, incoming.secrets));

  VaultAccess access(environment, project, home);
  PH_ASSIGN(Appender * appender, environment.appender());
  std::vector<LoadedSecret> named;
  for (const IncomingSecret& each : incoming.secrets) named.push_back({each.name, &each.value});
  appender->set_guard(make_draft_guard(std::make_shared<const SecretScanner>(named)));
  PH_TRY(access.open());
  PH_ASSIGN(const std::vector<Standing> standing,
            standings(access.vault(), incoming.secrets, "import"));
  const std::vector<std::string> conflicts = names_with(incoming, standing, Standing::kDiffers);
  if (!conflicts.empty() && !args.replace) {
    return Error{Code::kExists, "the vault has other values for " + joined(conflicts),
                 "nothing was imported; --replace takes the values of the file"};
  }
  std::vector<std::string> files;
  if (!args.dry_run) {
    Protection protection;
    protection.source = "import";
    protection.changes = puts_for(incoming.secrets, standing);
    protection.rewrites = [&](const Vault& vault) -> Result<std::vector<DotenvRewrite>> {
      PH_ASSIGN(std::vector<DotenvRewrite> rewrites, dead.rewrites(vault, incoming.secrets));
      for (const DotenvRewrite& each : rewrites) {
        files.push_back(each.before->path.filename().string());
      }
      return rewrites;
    };
    PH_TRY(protect(access, std::move(protection)));
  }
  print_result(environment.out(), args, incoming, standing, files);
  return kExitOk;
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const ImportFormat& format : import_formats()) names.emplace_back(format.name);
  return names;
}

}  // namespace

Command import_command() {
  const auto args = std::make_shared<ImportArgs>();
  Command command;
  command.words = {"import"};
  command.summary = "take secrets from an export, or from what another program wrote";
  command.description =
      "Without --from the file is one of 'phantom export', opened with its passphrase "
      "(--passphrase-file, PHANTOM_EXPORT_PASSPHRASE or a question on the terminal); its secrets "
      "keep environment and end of time. With --from it is a file of another program, in clear, "
      "and every secret goes into one environment.\n"
      "All of it is taken or nothing. Names the vault has with another value are listed and "
      "refused, unless --replace is given; their placeholders stay. Placeholders in dotenv files "
      "that stand for nothing here, such as those of another machine, are replaced. The file "
      "itself is left as it is: delete one that holds secrets in clear.";
  command.positionals = {{"FILE", "the file to read", &args->file}};
  command.options = {
      {"from", "PROGRAM", "what wrote the file", &args->from, format_names()},
      {"env", "NAME",
       "with --from the environment the secrets go into (PHANTOM_ENV or dev if not given), else "
       "the only one that is taken",
       &args->env},
      {"passphrase-file", "FILE", "take the passphrase from a file with mode 0600",
       &args->passphrase_file},
      {"replace", "", "let values of the file replace other ones in the vault", &args->replace},
      {"dry-run", "", "say what would be done and do nothing", &args->dry_run},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return run_import(environment, *args); };
  return command;
}

}  // namespace phantom
