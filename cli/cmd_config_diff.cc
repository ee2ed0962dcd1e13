#include "cli/commands.h"
#include "cli/config_json.h"
#include "cli/config_standing.h"
#include "events/encoding.h"

namespace phantom {
namespace {

struct DiffArgs {
  bool json = false;
};

Result<int> diff(Environment& environment, const DiffArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const ConfigStanding standing, config_standing(environment, project));
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("state", config_verdict_name(standing.verdict));
    json.field("digest", to_hex(project.config.digest)).key("accepted");
    add_accepted(json, standing.accepted);
    json.key("changes");
    add_moves(json, standing.moves);
    json.key("unclear");
    add_texts(json, standing.unclear);
    json.key("risks");
    add_risks(json, standing.risks);
    out.line(json.end().str());
    return kExitOk;
  }
  for (const std::string& line : config_lines(standing)) out.line(line);
  switch (standing.verdict) {
    case ConfigVerdict::kNothingToAccept:
      out.note("nothing to accept: every route is one that ships with phantom");
      break;
    case ConfigVerdict::kAccepted:
      out.note("nothing changed since it was accepted");
      break;
    default: {
      const Error why = config_refusal(standing, project);
      out.note(why.message);
      out.hint(why.hint);
    }
  }
  return kExitOk;
}

}  // namespace

Command config_diff_command() {
  const auto args = std::make_shared<DiffArgs>();
  Command command;
  command.words = {"config", "diff"};
  command.summary = "compare where secrets go with what was accepted last";
  command.description =
      "Shows what phantom config accept would ask about: each route that is new, moved or gone, "
      "and "
      "what is odd about it. Changes nothing and needs no terminal.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return diff(environment, *args); };
  return command;
}

}  // namespace phantom
