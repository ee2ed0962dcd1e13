#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/project.h"
#include "cli/terminal.h"
#include "events/encoding.h"
#include "proxy/proxy_events.h"
#include "proxy/services.h"

namespace phantom {
namespace {

std::string describe(const Route& route) {
  std::string text = "  " + escape_terminal(route.service) + ": " +
                     escape_terminal(route.secret_name) + " goes to " +
                     escape_terminal(route.origin()) + " in the header " +
                     escape_terminal(route.header);
  if (!route.ca_file.empty()) {
    text += ", trusting the certificates of " + escape_terminal(route.ca_file);
  }
  return text + "\n";
}

Result<int> accept(Environment& environment) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const std::vector<Route> routes, resolve_routes(project.config));
  const std::vector<Route> asked = routes_needing_acceptance(routes);
  if (asked.empty()) {
    environment.out().note("nothing to accept: every route is one that ships with phantom");
    return kExitOk;
  }
  PH_ASSIGN(LedgerReader * reader, environment.reader());
  PH_ASSIGN(const bool accepted,
            is_config_accepted(*reader, project.config.project_id, project.config.digest));
  if (accepted) {
    environment.out().note("this configuration is accepted already");
    return kExitOk;
  }
  std::string text =
      project.config_file.string() + " sends secrets where phantom does not by itself:\n";
  for (const Route& route : asked) text += describe(route);
  PH_ASSIGN(const Answer answer, confirm_on_terminal(text, "yes"));
  if (answer == Answer::kNo) return Error{Code::kDenied, "nothing was accepted"};
  PH_ASSIGN(Appender * appender, environment.appender());
  Context context = environment.context();
  context.project = project.config.project_id;
  PH_TRY(appender->append(config_accepted(context, project.config.digest, asked)));
  environment.out().note("accepted; a change of the file asks again");
  return kExitOk;
}

}  // namespace

Command accept_command() {
  Command command;
  command.words = {"accept"};
  command.summary = "accept the routes a project's configuration asks for";
  command.description =
      "Shows every route of .phantom.toml that sends a secret to a place phantom does not know by "
      "itself and asks on the terminal. Until they are accepted phantom exec refuses. The answer "
      "is recorded and holds for exactly this content of the file.";
  command.run = [](Environment& environment) { return accept(environment); };
  return command;
}

}  // namespace phantom
