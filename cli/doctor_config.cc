#include "cli/config_standing.h"
#include "cli/doctor_checks.h"

namespace phantom {

Result<DoctorFindings> check_config(DoctorContext& context) {
  DoctorFindings findings;
  if (!context.project) {
    const Error& why = *context.project_error;
    findings.push_back(
        {why.code == Code::kNotFound ? DoctorSeverity::kNote : DoctorSeverity::kError, why.message,
         why.hint});
    return findings;
  }
  const auto bound =
      check_binding(context.home, context.project->config.project_id, context.project->root);
  if (!bound.ok()) {
    findings.push_back({DoctorSeverity::kError, bound.error().message, bound.error().hint});
  }
  return findings;
}

Result<DoctorFindings> check_routes(DoctorContext& context) {
  DoctorFindings findings;
  if (!context.project) return findings;
  // Without a binding nothing of the project's record is looked at.
  PH_ASSIGN(const ConfigStanding standing,
            context.is_bound ? config_standing(*context.environment, *context.project)
                             : judge_config(context.project->config, std::nullopt));
  if (!standing.may_be_used()) {
    const Error why = config_refusal(standing, *context.project);
    findings.push_back({DoctorSeverity::kError, why.message, why.hint});
    for (const RouteMove& move : standing.moves) {
      findings.push_back({DoctorSeverity::kNote,
                          std::string(route_change_name(move.change)) + ": " + describe_move(move),
                          ""});
    }
  }
  for (const RouteRisk& risk : standing.risks) {
    // What a person accepted with open eyes is no problem any more.
    const bool seen = standing.may_be_used() && risk.level == RiskLevel::kAccept;
    const DoctorSeverity severity = risk.level == RiskLevel::kRefuse ? DoctorSeverity::kError
                                    : seen                           ? DoctorSeverity::kNote
                                                                     : DoctorSeverity::kWarning;
    findings.push_back({severity,
                        risk.service + ": " + risk.sentence + " [" + std::string(risk.rule) + "]",
                        seen ? "" : "look whether that is what you want"});
  }
  return findings;
}

}  // namespace phantom
