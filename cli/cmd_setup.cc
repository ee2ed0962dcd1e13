#include "cli/client_settings.h"
#include "cli/commands.h"
#include "cli/edited_file.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/project.h"
#include "events/encoding.h"
#include "proxy/mcp_events.h"

#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSettingsBytesMax = 4 << 20;

struct SetupArgs {
  std::string client;
  bool print = false;
  bool remove = false;
  bool json = false;
};

std::vector<std::string> client_names() {
  std::vector<std::string> names;
  for (const ClientSettings& each : client_settings()) names.emplace_back(each.client);
  return names;
}

// This very program, so that a client needs no PATH and nobody else's "phantom" is started.
Result<ServerCommand> server_command() {
  std::error_code code;
  const fs::path program = fs::read_symlink("/proc/self/exe", code);
  if (code || !program.is_absolute()) return Error{Code::kIo, "this program's path is not known"};
  return ServerCommand{program.string(), {"mcp", "serve"}};
}

Result<fs::path> settings_file(Environment& environment, const ClientSettings& client) {
  if (client.place == SettingsPlace::kHome) {
    const char* home = environment.variable("HOME");
    if (home == nullptr || *home != '/') return Error{Code::kNotFound, "HOME is not set"};
    return fs::path(home) / client.file;
  }
  PH_ASSIGN(const fs::path here, environment.working_directory());
  const auto project = read_project_at(here);
  if (!project.ok() && project.error().code != Code::kNotFound) return project.error();
  return (project.ok() ? project->root : here) / client.file;
}

// Each directory on the way below the file's own root is made when it is not there; none may be a
// link, which could lead anywhere.
Status make_directories(const fs::path& file, const char* relative) {
  fs::path directory = file;
  std::vector<fs::path> missing;
  for (const fs::path& part : fs::path(relative)) {
    (void)part;
    directory = directory.parent_path();
    missing.push_back(directory);
  }
  missing.pop_back();  // the project, or the home directory
  for (auto each = missing.rbegin(); each != missing.rend(); ++each) {
    std::error_code code;
    const fs::file_status status = fs::symlink_status(*each, code);
    if (fs::is_symlink(status)) {
      return Error{Code::kDenied, "is a link: " + escape_terminal(each->string()),
                   "put in by hand what --print shows"};
    }
    if (status.type() == fs::file_type::not_found) fs::create_directory(*each, code);
    if (code && status.type() == fs::file_type::not_found) {
      return Error{Code::kIo, "cannot make " + escape_terminal(each->string())};
    }
  }
  return {};
}

const char* action_of(const SetupArgs& args, std::string_view before, std::string_view after) {
  if (before == after) return "unchanged";
  if (args.remove) return "removed";
  return before.find("phantom") == std::string_view::npos ? "added" : "updated";
}

// The person's settings are theirs: that they were changed is on record where there is one.
void record(Environment& environment, const ClientSettings& client, const char* action) {
  auto appender = environment.appender();
  if (!appender.ok()) return;
  const auto recorded =
      (*appender)->append(client_configured(environment.context(), client.client, action));
  if (!recorded.ok()) {
    environment.out().note("the change could not be recorded: " + recorded.error().message);
  }
}

Result<int> setup(Environment& environment, const SetupArgs& args) {
  if (args.client.empty()) {
    return Error{Code::kInvalid, "setup needs --client", "phantom setup --help names them"};
  }
  const ClientSettings* client = find_client(args.client);
  PH_CHECK(client != nullptr, "the parser holds --client to the table");
  PH_ASSIGN(const ServerCommand command, server_command());
  PH_ASSIGN(const fs::path file, settings_file(environment, *client));
  Output& out = environment.out();
  if (args.print) {
    out.note("into " + escape_terminal(file.string()) + ":");
    out.result(server_entry(*client, command));
    return kExitOk;
  }
  auto read = read_ordinary_file(file, kSettingsBytesMax);
  if (!read.ok() && read.error().code != Code::kNotFound) return std::move(read.error());
  const TextOnDisk before =
      read.ok() ? std::move(*read)
                : TextOnDisk{"", client->place == SettingsPlace::kHome ? 0600U : 0644U};
  auto changed = args.remove ? without_server(*client, before.text)
                             : with_server(*client, before.text, command);
  if (!changed.ok()) {
    return std::move(changed.error()).in(escape_terminal(file.string()));
  }
  const char* action = action_of(args, before.text, *changed);
  if (*changed != before.text) {
    PH_TRY(make_directories(file, client->file));
    PH_TRY(replace_unchanged(file, before.text, *changed, before.mode));
    if (changed->empty()) {
      std::error_code code;
      fs::remove(file, code);
    }
    record(environment, *client, action);
  }
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("client", client->client);
    out.line(json.field("file", file.string()).field("action", action).end().str());
  } else {
    out.line(std::string(action) + " in " + escape_terminal(file.string()));
    if (!args.remove) out.hint(std::string("restart ") + client->title + " to let it see phantom");
  }
  return kExitOk;
}

}  // namespace

Command setup_command() {
  const auto args = std::make_shared<SetupArgs>();
  Command command;
  command.words = {"setup"};
  command.summary = "tell an MCP client how to start phantom's tools";
  command.description =
      "Puts an entry for 'phantom mcp serve' into the client's own settings file, with the full "
      "path of this program. Every other byte of the file stays. Doing it twice changes nothing; "
      "--remove takes exactly that out again, with a list of servers that is then empty, and the "
      "file "
      "when nothing else is in it. A "
      "link, or a file that is not what it should be, is refused. Files of claude, vscode, gemini "
      "and opencode are in the project, those of the others in the home directory. No permission "
      "of the client is changed.";
  command.options = {{"client", "NAME", "which one", &args->client, client_names()},
                     {"print", "", "print the entry, write nothing", &args->print},
                     {"remove", "", "take the entry out", &args->remove},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return setup(environment, *args); };
  return command;
}

}  // namespace phantom
