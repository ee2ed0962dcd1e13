#include "cli/agent_evidence.h"
#include "cli/child_process.h"
#include "cli/commands.h"
#include "cli/json.h"

#include <unistd.h>

namespace phantom {
namespace {

struct SetupArgs {
  bool dry_run = false;
  bool apply = false;
  bool json = false;
};

struct Step {
  std::vector<std::string> words;
  std::string why;
};

std::string command_line(const Step& step) {
  std::string line = "phantom";
  for (const std::string& word : step.words) line += " " + word;
  return line;
}

bool has_finding(const AgentEvidence& evidence, std::string_view check) {
  for (const AgentEvidence::Examined& each : evidence.examined) {
    if (each.check == check) return !each.findings.empty();
  }
  return false;
}

bool can_be_mended(const AgentEvidence& evidence) {
  for (const AgentEvidence::Examined& each : evidence.examined) {
    for (const DoctorFinding& finding : each.findings) {
      if (finding.mending == Mending::kByFix) return true;
    }
  }
  return false;
}

// Only commands that exist, and each only when the evidence asks for it.
std::vector<Step> plan(const AgentEvidence& evidence, const CommandTable& commands) {
  std::vector<Step> steps;
  if (!evidence.has_project || !evidence.has_vault || has_finding(evidence, "dotenv")) {
    steps.push_back({{"init"}, "moves the secrets of dotenv files into the vault"});
  }
  // A project that is only about to be made has no .gitignore and no hook to look at yet.
  if (!evidence.has_project || can_be_mended(evidence)) {
    steps.push_back({{"doctor", "--fix"}, "mends modes, .gitignore and the commit hook"});
  }
  if (has_finding(evidence, "example") && commands.find({"env"}) != nullptr) {
    steps.push_back({{"env"}, "writes .env.example with names and no values"});
  }
  if (has_finding(evidence, "clients") && commands.find({"setup"}) != nullptr) {
    steps.push_back({{"setup", "--client", "claude"}, "gives the agent phantom's MCP server"});
  }
  return steps;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) variables.emplace_back(*each);
  return variables;
}

Result<int> apply_all(Environment& environment, const std::vector<Step>& steps) {
  PH_ASSIGN(const SignalForwarder signals, SignalForwarder::start());
  environment.release_reader();
  for (const Step& step : steps) {
    environment.out().note(command_line(step));
    environment.out().flush();
    std::vector<std::string> argv = {"/proc/self/exe"};
    argv.insert(argv.end(), step.words.begin(), step.words.end());
    PH_ASSIGN(const ChildEnd end, run_child(argv, own_environment(), signals));
    // doctor says 1 for what it cannot mend; that is for a person, and no reason to stop here.
    const bool done = end.exit_code == 0 || (step.words[0] == "doctor" && end.exit_code == 1);
    if (!done) {
      environment.out().note(command_line(step) + " did not work; what follows was not done");
      return end.exit_code > 0 ? end.exit_code : kExitTemporary;
    }
  }
  return kExitOk;
}

Result<int> setup(Environment& environment, const SetupArgs& args) {
  if (args.apply && args.dry_run) {
    return Error{Code::kInvalid, "--dry-run and --apply do not go together"};
  }
  PH_ASSIGN(const GatheredEvidence gathered, gather_evidence(environment));
  const std::vector<Step> steps = plan(gathered.evidence, environment.commands());
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).key("applied").truth(args.apply).key("steps").begin_list();
    for (const Step& step : steps) {
      json.begin().field("command", command_line(step)).field("why", step.why).end();
    }
    environment.out().line(json.end_list().end().str());
  } else {
    for (const Step& step : steps) {
      environment.out().line(command_line(step) + "    # " + step.why);
    }
  }
  if (steps.empty()) environment.out().note("nothing to do");
  if (args.apply) return apply_all(environment, steps);
  if (!steps.empty()) environment.out().hint("'phantom agent setup --apply' runs these commands");
  return kExitOk;
}

}  // namespace

Command agent_setup_command() {
  const auto args = std::make_shared<SetupArgs>();
  Command command;
  command.words = {"agent", "setup"};
  command.summary = "the commands that make the project ready for agents";
  command.description =
      "Looks at the project and prints the commands that are missing, in order; --apply runs them "
      "one after the other and stops at the first that does not work. Each asks and records as if "
      "you had typed it.";
  command.options = {
      {"dry-run", "", "only print the commands; what happens without --apply too", &args->dry_run},
      {"apply", "", "run them", &args->apply},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return setup(environment, *args); };
  return command;
}

}  // namespace phantom
