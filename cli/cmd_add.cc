#include "cli/commands.h"
#include "cli/dotenv_names.h"
#include "cli/environment.h"
#include "cli/expiry_text.h"
#include "cli/json.h"
#include "cli/protect.h"
#include "cli/secret_environment.h"
#include "cli/secret_input.h"
#include "events/clock.h"
#include "vault/scanner.h"
#include "vault/secret_name.h"

namespace phantom {
namespace {

struct AddArgs {
  std::string name;
  bool from_stdin = false;
  bool dotenv = false;
  bool json = false;
  std::optional<std::string> env;
  std::optional<std::string> expires;
};

// The environment's dotenv files that have the name; with --dotenv the first one in any case.
Result<std::vector<DotenvOnDisk>> files_to_edit(const Project& project, const AddArgs& args,
                                                const std::string& environment) {
  PH_ASSIGN(std::vector<DotenvOnDisk> files, read_dotenv_files(project.root, environment));
  std::vector<DotenvOnDisk> wanted;
  for (DotenvOnDisk& file : files) {
    for (const DotenvEntry& entry : file.parsed.entries) {
      if (entry.key != args.name) continue;
      PH_TRY(check_can_replace(file.path));
      wanted.push_back(std::move(file));
      break;
    }
  }
  if (!wanted.empty() || !args.dotenv) return wanted;
  if (!files.empty()) {
    wanted.push_back(std::move(files.front()));
  } else {
    wanted.emplace_back();
    wanted.back().path = project.root / dotenv_names(environment).front();
  }
  PH_TRY(check_can_replace(wanted.front().path));
  return wanted;
}

Result<std::vector<DotenvRewrite>> rewrites_of(const std::vector<DotenvOnDisk>& files,
                                               const std::string& name,
                                               const std::string& placeholder) {
  std::vector<DotenvRewrite> rewrites;
  for (const DotenvOnDisk& file : files) {
    PH_ASSIGN(std::string text, with_placeholder(file, name, placeholder, Missing::kAdd));
    if (text != file.text) rewrites.push_back({&file, std::move(text), {name}});
  }
  return rewrites;
}

void print_result(Output& out, const AddArgs& args, const std::string& environment,
                  const SecretInfo& info, bool known, const std::vector<std::string>& rewritten) {
  out.note((known ? "replaced the value of " : "added ") + spoken_secret_name(info.name));
  for (const std::string& file : rewritten) out.note(file + " holds its placeholder");
  if (!args.json) return;
  Json json;
  json.begin().field_number("v", 1).field("name", args.name).field("environment", environment);
  json.field_number("version", info.version).key("replaced").truth(known).key("expires");
  if (info.expires_ns == 0) {
    json.null();
  } else {
    json.text(format_time(info.expires_ns));
  }
  json.key("files").begin_list();
  for (const std::string& file : rewritten) json.text(file);
  out.line(json.end_list().end().str());
}

Result<int> add(Environment& environment, const AddArgs& args) {
  if (!is_valid_key(args.name)) {
    return Error{Code::kInvalid, "a secret's name has letters, digits and underscores only",
                 "for example OPENAI_API_KEY; another environment is named with --env"};
  }
  PH_ASSIGN(const std::string secrets_of,
            secret_environment(args.env, environment.variable("PHANTOM_ENV")));
  const std::string name = full_secret_name(secrets_of, args.name);
  std::int64_t expires_ns = 0;
  if (args.expires) {
    PH_ASSIGN(expires_ns, parse_expiry(*args.expires, system_clock().wall_ns()));
  }
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const std::vector<DotenvOnDisk> files, files_to_edit(project, args, secrets_of));
  PH_ASSIGN(SecretBytes value, args.from_stdin
                                   ? read_secret_from_stdin()
                                   : ask_hidden("Value of " + spoken_secret_name(name) + ": "));
  PH_TRY(check_secret_value(value));

  VaultAccess access(environment, project, home);
  PH_ASSIGN(Appender * appender, environment.appender());
  appender->set_guard(make_draft_guard(
      std::make_shared<const SecretScanner>(std::vector<LoadedSecret>{{args.name, &value}})));
  PH_TRY(access.open());
  const bool known = access.vault().find(name).has_value();
  std::vector<std::string> rewritten;
  Protection protection;
  protection.source = "add";
  protection.changes.resize(1);
  protection.changes[0].name = name;
  protection.changes[0].value = std::move(value);
  protection.changes[0].expires_ns = expires_ns;
  protection.rewrites = [&](const Vault& vault) -> Result<std::vector<DotenvRewrite>> {
    PH_ASSIGN(std::vector<DotenvRewrite> rewrites,
              rewrites_of(files, args.name, vault.find(name)->placeholder));
    for (const DotenvRewrite& each : rewrites) {
      rewritten.push_back(each.before->path.filename().string());
    }
    return rewrites;
  };
  PH_TRY(protect(access, std::move(protection)));
  print_result(environment.out(), args, secrets_of, *access.vault().find(name), known, rewritten);
  return kExitOk;
}

}  // namespace

Command add_command() {
  const auto args = std::make_shared<AddArgs>();
  Command command;
  command.words = {"add"};
  command.summary = "put a secret into the vault";
  command.description =
      "Asks for the value with echo off, or reads it from standard input with --stdin; one line "
      "break at its end is not part of it. A name that is there gets the new value and keeps its "
      "placeholder. Where a dotenv file of the environment has the name, its value gives way to "
      "the placeholder: vault and files change together or not at all.";
  command.positionals = {{"NAME", "name of the secret", &args->name}};
  command.options = {
      {"stdin", "", "read the value from standard input", &args->from_stdin},
      environment_option(&args->env),
      {"expires", "TIME", "end of its time: 90d, 12h, 2027-01-31; never if not given",
       &args->expires},
      {"dotenv", "", "put NAME with its placeholder into the dotenv file if it is not there",
       &args->dotenv},
      {"json", "", "print one JSON object", &args->json}};
  command.surplus_hint =
      "a value on the command line would stay in the shell's history; it is asked for, or read "
      "with --stdin";
  command.run = [args](Environment& environment) { return add(environment, *args); };
  return command;
}

}  // namespace phantom
