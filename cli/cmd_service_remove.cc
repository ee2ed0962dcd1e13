#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/config_json.h"
#include "cli/project.h"
#include "events/encoding.h"

namespace phantom {
namespace {

struct RemoveServiceArgs {
  std::string name;
  bool json = false;
};

Result<int> remove_service_from_project(Environment& environment, const RemoveServiceArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const ConfigOnDisk before, read_config_file(project.config_file));
  PH_ASSIGN(const EditedConfig edited, remove_service(before.text, args.name));
  PH_ASSIGN(Appender * appender, environment.appender());
  Context context = environment.context();
  context.project = project.config.project_id;
  PH_TRY(replace_config_file(*appender, context, before, edited));
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("service", args.name).key("keys");
    add_texts(json, edited.keys);
    environment.out().line(json.field("digest", to_hex(edited.config.digest)).end().str());
  }
  environment.out().note("took " + escape_terminal(args.name) + " out of " +
                         project.config_file.string());
  return kExitOk;
}

}  // namespace

Command service_remove_command() {
  const auto args = std::make_shared<RemoveServiceArgs>();
  Command command;
  command.words = {"service", "remove"};
  command.summary = "take a service out of the project's configuration";
  command.description =
      "Removes the [services.NAME] table with its keys from .phantom.toml. All other bytes of the "
      "file stay. A built-in service of that name is what it was again.";
  command.positionals = {{"NAME", "of the service", &args->name}};
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) {
    return remove_service_from_project(environment, *args);
  };
  return command;
}

}  // namespace phantom
