#include "cli/commands.h"
#include "cli/config_json.h"
#include "cli/config_standing.h"
#include "events/encoding.h"

namespace phantom {
namespace {

struct ShowArgs {
  bool all = false;
  bool json = false;
};

std::vector<Route> shown_routes(const ConfigStanding& standing, const ProjectConfig& config,
                                const ShowArgs& args) {
  if (args.all) return standing.routes;
  std::vector<Route> own;
  for (const Route& route : standing.routes) {
    for (const ServiceConfig& service : config.services) {
      if (service.name == route.service) own.push_back(route);
    }
  }
  return own;
}

void print_text(Output& out, const Project& project, const ConfigStanding& standing,
                const std::vector<Route>& routes) {
  out.line("file     " + escape_terminal(project.config_file.string()));
  out.line("project  " + project.config.project_id);
  out.line("digest   " + to_hex(project.config.digest));
  out.line(std::string("state    ") + config_verdict_name(standing.verdict));
  for (const Route& route : routes) {
    std::string line = "route    " + route.service + ": " + route.secret_name + " to " +
                       route.origin() + " in " + placement_of(route);
    if (route.consent == Consent::kBuiltIn) line += ", built in";
    if (route.consent == Consent::kNeeded) line += ", to be accepted";
    out.line(escape_terminal(line));
  }
  for (const RouteRisk& risk : standing.risks) {
    out.line("risk     " + std::string(risk_level_name(risk.level)) + " " +
             escape_terminal(risk.service + ": " + risk.sentence) + " [" + std::string(risk.rule) +
             "]");
  }
}

Result<int> show(Environment& environment, const ShowArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const ConfigStanding standing, config_standing(environment, project));
  const std::vector<Route> routes = shown_routes(standing, project.config, args);
  if (!args.json) {
    print_text(environment.out(), project, standing, routes);
    return kExitOk;
  }
  Json json;
  json.begin().field_number("v", 1).field("file", project.config_file.string());
  json.field("project", project.config.project_id).field("digest", to_hex(project.config.digest));
  json.field("state", config_verdict_name(standing.verdict)).key("accepted");
  add_accepted(json, standing.accepted);
  json.key("routes");
  add_routes(json, routes);
  json.key("risks");
  add_risks(json, standing.risks);
  environment.out().line(json.end().str());
  return kExitOk;
}

}  // namespace

Command config_show_command() {
  const auto args = std::make_shared<ShowArgs>();
  Command command;
  command.words = {"config", "show"};
  command.summary = "print where a project's configuration sends secrets";
  command.description =
      "Shows the services of .phantom.toml as phantom understands them, whether they are accepted, "
      "and what is odd about them. Changes nothing and needs no passphrase.";
  command.options = {{"all", "", "the services that ship with phantom too", &args->all},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return show(environment, *args); };
  return command;
}

}  // namespace phantom
