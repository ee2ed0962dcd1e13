#include "cli/commands.h"
#include "cli/config_json.h"
#include "cli/config_standing.h"
#include "events/encoding.h"

namespace phantom {
namespace {

struct ListServicesArgs {
  bool json = false;
};

Result<int> list_services(Environment& environment, const ListServicesArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const ConfigStanding standing, config_standing(environment, project));
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).key("services");
    add_routes(json, standing.routes);
    environment.out().line(json.end().str());
    return kExitOk;
  }
  for (const Route& route : standing.routes) {
    const char* consent = route.consent == Consent::kBuiltIn    ? "built-in"
                          : route.consent == Consent::kAccepted ? "accepted"
                                                                : "to be accepted";
    environment.out().line(escape_terminal(route.service + "  " + route.secret_name + "  " +
                                           route.origin() + "  " + route.header) +
                           "  " + consent);
  }
  return kExitOk;
}

}  // namespace

Command service_list_command() {
  const auto args = std::make_shared<ListServicesArgs>();
  Command command;
  command.words = {"service", "list"};
  command.summary = "print every service a secret of the project may go to";
  command.description =
      "Lists the services that ship with phantom and the project's own: the secret each takes, "
      "where "
      "it is, the header, and whether a person has accepted it.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return list_services(environment, *args); };
  return command;
}

}  // namespace phantom
