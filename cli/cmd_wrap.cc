#include "cli/commands.h"
#include "cli/edited_file.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/package_scripts.h"
#include "cli/project.h"
#include "cli/project_events.h"
#include "events/encoding.h"

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr char kPackageFile[] = "package.json";

struct WrapArgs {
  std::vector<std::string> only;
  bool dry_run = false;
  bool json = false;
};

enum class Direction { kWrap, kUnwrap };

// The nearest package.json from here up to the project's root.
Result<fs::path> find_package(const fs::path& here, const fs::path& root) {
  std::error_code code;
  for (fs::path at = fs::weakly_canonical(here, code);; at = at.parent_path()) {
    if (fs::exists(fs::symlink_status(at / kPackageFile, code))) return at / kPackageFile;
    if (at == root || !at.has_relative_path()) break;
  }
  return Error{Code::kNotFound, "there is no package.json here or above in the project",
               "run it where the package.json is"};
}

void print_result(Output& out, const ScriptEdit& edit, const std::string& action,
                  const WrapArgs& args) {
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("action", action).field("file", kPackageFile);
    json.key("scripts").begin_list();
    for (const std::string& name : edit.changed) json.text(name);
    json.end_list().key("left").begin_list();
    for (const ScriptLeft& left : edit.left) {
      json.begin().field("name", left.name).field("why", left.why).end();
    }
    json.end_list().key("dry_run").truth(args.dry_run);
    out.line(json.end().str());
    return;
  }
  for (const std::string& name : edit.changed) out.line(escape_terminal(name));
}

Status replace_package(Environment& environment, const Project& project, const fs::path& file,
                       const TextOnDisk& before, const ScriptEdit& edit,
                       const std::string& action) {
  PH_ASSIGN(Appender * appender, environment.appender());
  Context context = environment.context();
  context.project = project.config.project_id;
  ScriptsRewrite rewrite{action, kPackageFile, static_cast<std::uint32_t>(edit.changed.size())};
  PH_ASSIGN(const Receipt requested, appender->append(scripts_rewrite_requested(context, rewrite)));
  // The commit point: the file is the old one before it and the new one after it.
  const Status replaced = replace_unchanged(file, before.text, edit.text, before.mode);
  Ending ending;
  if (!replaced.ok()) {
    ending = {Outcome::Failed, Reason::IoError};
    rewrite.count = 0;
  }
  const auto completed =
      appender->append(scripts_rewrite_completed(context, requested.seq, rewrite, ending));
  PH_TRY(replaced);
  PH_TRY(completed);
  return {};
}

Result<int> rewrite_scripts(Environment& environment, const WrapArgs& args, Direction direction) {
  Output& out = environment.out();
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const fs::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const fs::path file, find_package(here, project.root));
  PH_ASSIGN(const TextOnDisk before, read_ordinary_file(file, kPackageBytesMax));
  PH_ASSIGN(const ScriptEdit edit, direction == Direction::kWrap
                                       ? wrap_scripts(before.text, args.only)
                                       : unwrap_scripts(before.text, args.only));
  const std::string action = direction == Direction::kWrap ? "wrapped" : "unwrapped";
  for (const ScriptLeft& left : edit.left) {
    out.note("left as it is: " + escape_terminal(left.name) + " " + left.why);
  }
  if (!args.dry_run && !edit.changed.empty()) {
    PH_TRY(check_can_replace(file));
    PH_TRY(replace_package(environment, project, file, before, edit, action));
  }
  print_result(out, edit, action, args);
  const std::string count = std::to_string(edit.changed.size()) + " scripts of " + file.string();
  out.note(args.dry_run ? "would have " + action + " " + count : action + " " + count);
  return kExitOk;
}

Command rewriting_command(Direction direction) {
  const auto args = std::make_shared<WrapArgs>();
  Command command;
  const bool wrap = direction == Direction::kWrap;
  command.options = {
      {"only", "NAME", "take this script, whatever it is called; may be repeated", &args->only},
      {"dry-run", "", "say which scripts would be changed and change nothing", &args->dry_run},
      {"json", "", "print one JSON object", &args->json}};
  command.words = {wrap ? "wrap" : "unwrap"};
  command.run = [args, direction](Environment& environment) {
    return rewrite_scripts(environment, *args, direction);
  };
  return command;
}

}  // namespace

Command wrap_command() {
  Command command = rewriting_command(Direction::kWrap);
  command.summary = "make the scripts of package.json run under phantom exec";
  command.description =
      "Takes the scripts that start something: a word of their name is dev, start, serve, build, "
      "deploy or preview, and none is about tests, checks or formatting. Each becomes 'phantom "
      "exec -- ...', through 'sh -c' where it is more than one plain command; the original stays "
      "as NAME:raw. No other byte of the file changes. Doing it twice changes nothing.";
  return command;
}

Command unwrap_command() {
  Command command = rewriting_command(Direction::kUnwrap);
  command.summary = "put the scripts of package.json back as they were before wrap";
  command.description =
      "Puts the original of every wrapped script back, byte by byte, and takes NAME:raw away. A "
      "script that was changed after it was wrapped is named and left.";
  return command;
}

}  // namespace phantom
