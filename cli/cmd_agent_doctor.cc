#include "cli/agent_evidence.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "events/encoding.h"

namespace phantom {
namespace {

struct DoctorArgs {
  bool json = false;
};

// What stands between the project and the next level, and what to do about it.
Result<int> doctor(Environment& environment, const DoctorArgs& args) {
  PH_ASSIGN(const GatheredEvidence gathered, gather_evidence(environment));
  const std::vector<AgentFinding> findings = judge_agent(gathered.evidence);
  const AgentLevel level = level_reached(findings);
  const AgentLevel next = level == AgentLevel::kComplianceReady
                              ? level
                              : static_cast<AgentLevel>(static_cast<int>(level) + 1);
  Json json;
  json.begin().field_number("v", 1).field("level", agent_level_name(level));
  json.field("next", agent_level_name(next)).key("findings").begin_list();
  for (const AgentFinding& finding : findings) {
    if (finding.blocks != next) continue;
    json.begin().field("id", finding.id).field("sentence", finding.sentence);
    json.field("advice", finding.advice).end();
    if (args.json) continue;
    environment.out().line(escape_terminal(finding.sentence));
    if (!finding.advice.empty()) environment.out().line("    " + escape_terminal(finding.advice));
  }
  json.end_list().end();
  if (args.json) environment.out().line(json.str());
  environment.out().note("level " + std::string(agent_level_name(level)) +
                         (next == level
                              ? ", the highest there is"
                              : "; this is missing for " + std::string(agent_level_name(next))));
  return level == AgentLevel::kUnsafe ? kExitFailed : kExitOk;
}

}  // namespace

Command agent_doctor_command() {
  const auto args = std::make_shared<DoctorArgs>();
  Command command;
  command.words = {"agent", "doctor"};
  command.summary = "what is missing for the next level of phantom agent report";
  command.description =
      "Looks at the same evidence as phantom agent report and shows what stands between the "
      "project "
      "and the next level. Exit code 1 when the project is unsafe.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return doctor(environment, *args); };
  return command;
}

}  // namespace phantom
