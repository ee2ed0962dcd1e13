#include "cli/commands.h"
#include "cli/service_change.h"

namespace phantom {
namespace {

struct SetArgs {
  std::string service;
  std::string key;
  std::string value;
  bool json = false;
};

Result<int> set_key(Environment& environment, const SetArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const ConfigOnDisk before, read_config_file(project.config_file));
  PH_ASSIGN(const EditedConfig edited,
            set_service_key(before.text, args.service, args.key, args.value));
  PH_TRY(write_service(environment, project, before, edited, args.service,
                       args.json ? ChangeReport::kJson : ChangeReport::kText));
  return kExitOk;
}

}  // namespace

Command service_set_command() {
  const auto args = std::make_shared<SetArgs>();
  Command command;
  command.words = {"service", "set"};
  command.summary = "set one key of a service in the project's configuration";
  command.description =
      "Replaces the value where it stands, or adds the key behind the others. All other bytes of "
      ".phantom.toml stay. The keys are those of docs/guides/config.md.";
  command.positionals = {{"SERVICE", "its name", &args->service},
                         {"KEY", "host, header and so on", &args->key},
                         {"VALUE", "the new value; never a secret", &args->value}};
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return set_key(environment, *args); };
  return command;
}

}  // namespace phantom
