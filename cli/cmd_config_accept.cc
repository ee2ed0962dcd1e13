#include "cli/commands.h"
#include "cli/config_standing.h"
#include "cli/terminal.h"
#include "events/encoding.h"

namespace phantom {
namespace {

// What the person reads before they agree: the difference, then what is odd about it.
std::string question(const ConfigStanding& standing, const Project& project) {
  std::string text = escape_terminal(project.config_file.string());
  switch (standing.verdict) {
    case ConfigVerdict::kTextOnly:
      text += " has other text than what was accepted; secrets go where they went:\n";
      for (const Route& route : standing.asked) {
        const RouteMove same{RouteChange::kNew, {}, accepted_route(route), {}};
        text += "  same " + escape_terminal(describe_move(same)) + "\n";
      }
      break;
    case ConfigVerdict::kMoved:
      text += " sends secrets elsewhere than what was accepted:\n";
      break;
    default:
      text += " sends secrets where phantom does not by itself:\n";
  }
  for (const std::string& line : config_lines(standing)) text += "  " + line + "\n";
  return text;
}

Result<int> accept(Environment& environment) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_TRY(environment.reader());  // without a ledger nothing can be accepted
  PH_ASSIGN(const ConfigStanding standing, config_standing(environment, project));
  Output& out = environment.out();
  if (standing.verdict == ConfigVerdict::kNothingToAccept) {
    out.note("nothing to accept: every route is one that ships with phantom");
    return kExitOk;
  }
  if (standing.verdict == ConfigVerdict::kAccepted) {
    out.note("this configuration is accepted already");
    return kExitOk;
  }
  if (standing.verdict == ConfigVerdict::kRefused) {
    for (const std::string& line : config_lines(standing)) out.note(line);
    return config_refusal(standing, project);
  }
  PH_ASSIGN(const Answer answer, confirm_on_terminal(question(standing, project), "yes"));
  if (answer == Answer::kNo) return Error{Code::kDenied, "nothing was accepted"};
  PH_ASSIGN(Appender * appender, environment.appender());
  Context context = environment.context();
  context.project = project.config.project_id;
  PH_TRY(appender->append(config_accepted(context, project.config.digest, standing.asked)));
  out.note("accepted; a change of the file asks again");
  return kExitOk;
}

}  // namespace

Command config_accept_command() {
  Command command;
  command.words = {"config", "accept"};
  command.summary = "agree to where a project's configuration sends secrets";
  command.description =
      "Shows what differs from what was accepted last, secret by secret: host, port, type and "
      "header, with what is odd about it, and asks on the terminal. Until then phantom exec "
      "refuses. "
      "The answer is recorded and holds for exactly this content of .phantom.toml. Routes that are "
      "never right cannot be accepted.";
  command.run = [](Environment& environment) { return accept(environment); };
  return command;
}

}  // namespace phantom
