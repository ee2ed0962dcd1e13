#include "cli/service_change.h"

#include "cli/config_json.h"
#include "cli/config_standing.h"
#include "events/encoding.h"

#include <algorithm>

namespace phantom {

Status write_service(Environment& environment, const Project& project, const ConfigOnDisk& before,
                     const EditedConfig& edited, const std::string& service, ChangeReport report) {
  PH_ASSIGN(const ConfigStanding standing, judge_config(edited.config, std::nullopt));
  std::vector<RouteRisk> risks;
  for (const RouteRisk& risk : standing.risks) {
    if (risk.service == service) risks.push_back(risk);
  }
  if (const auto refused = refusals_among(risks); !refused.empty()) {
    return Error{Code::kDenied, escape_terminal(refused[0].sentence) + ": no key belongs there"};
  }
  if (!edited.keys.empty()) {
    PH_ASSIGN(Appender * appender, environment.appender());
    Context context = environment.context();
    context.project = project.config.project_id;
    PH_TRY(replace_config_file(*appender, context, before, edited));
  }
  Output& out = environment.out();
  const bool needs = std::any_of(standing.asked.begin(), standing.asked.end(),
                                 [&](const Route& route) { return route.service == service; });
  if (report == ChangeReport::kJson) {
    Json json;
    json.begin().field_number("v", 1).field("service", service).key("changed");
    json.truth(!edited.keys.empty()).key("keys");
    add_texts(json, edited.keys);
    json.field("digest", to_hex(edited.config.digest)).key("needs_acceptance").truth(needs);
    json.key("risks");
    add_risks(json, risks);
    out.line(json.end().str());
  }
  for (const RouteRisk& risk : risks) {
    out.note(std::string(risk_level_name(risk.level)) + " " + escape_terminal(risk.sentence));
  }
  out.note(edited.keys.empty() ? "nothing to change" : "wrote " + project.config_file.string());
  if (needs) out.hint("a person has to run 'phantom config accept' before it is used");
  return {};
}

}  // namespace phantom
