#include "cli/report_sarif.h"

#include "cli/json.h"
#include "cli/report_location.h"
#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kResultsMax = 10;

void write_text(Json& json, std::string_view name, std::string_view text) {
  json.key(name).begin().field("text", text).end();
}

void write_rule(Json& json, const Check& check) {
  const std::string_view meaning = check_meaning(check);
  json.begin().field("id", check_rule(check.id)).field("name", check.id);
  write_text(json, "shortDescription", meaning);
  write_text(json, "fullDescription", meaning);
  json.key("defaultConfiguration").begin().field("level", "error").end();
  write_text(json, "help",
             check.id.starts_with("gate.")
                 ? "The rule stands in the file that was given with --policy; phantom audit show "
                   "--from SEQ shows the events."
             : check.id == "key" || check.id == "trust" || check.id == "anchors"
                 ? "Look whether the job was given the right key and checkpoint. If it was, keep "
                   "a copy of the ledger as it is."
                 : "Keep a copy of the ledger as it is, and verify it elsewhere with a key and a "
                   "checkpoint that were kept apart from it.");
  json.end();
}

// Services keep the newest results of each category.
std::string category_of(std::string program) {
  std::replace(program.begin(), program.end(), ' ', '-');
  return program + "/";
}

// Where in the ledger: the event when it is known.
std::string place_of(const VerifyReport& report, const Check& check) {
  std::string place = report.head ? escape_terminal(report.head->origin) : "ledger";
  if (check.state == CheckState::kFail && report.first_bad_seq) {
    place += "/seq/" + std::to_string(*report.first_bad_seq);
  } else if (!check.seqs.empty()) {
    place += "/seq/" + std::to_string(check.seqs.front());
  }
  return place;
}

void write_result(Json& json, const Report& input, const Check& check) {
  const VerifyReport& report = input.result;
  const auto index = static_cast<std::uint64_t>(&check - report.checks.data());
  const std::string place = place_of(report, check);
  json.begin().field("ruleId", check_rule(check.id)).field_number("ruleIndex", index);
  // SARIF allows no level beside another kind than "fail", which is the default.
  json.field("level", is_violation(check) ? "error" : "warning");
  write_text(json, "message", finding_text(check));
  json.key("locations").begin_list().begin().key("physicalLocation").begin();
  json.key("artifactLocation").begin().field("uri", relative_uri(input.location)).end();
  json.key("region").begin().field_number("startLine", 1).end().end();
  json.key("logicalLocations").begin_list().begin();
  json.field("fullyQualifiedName", place).end().end_list().end().end_list();
  json.key("partialFingerprints").begin();
  json.field("phantomFinding/v1", check_rule(check.id) + " " + place).end();
  json.key("properties").begin().field("status", check_state_name(check.state)).end().end();
}

void write_invocation(Json& json, const VerifyReport& report) {
  // Verification came to its end; with 74 and 77 the operating system kept it from that.
  const bool completed = report.exit_code == 0 || report.exit_code == 1 || report.exit_code == 3 ||
                         report.exit_code == 4;
  json.key("invocations").begin_list().begin().key("executionSuccessful").truth(completed);
  json.key("exitCode").integer(report.exit_code);
  json.field("exitCodeDescription", verdict_name(report.verdict)).end().end_list();
}

}  // namespace

std::string report_to_sarif(const Report& input) {
  const VerifyReport& report = input.result;
  const std::vector<const Check*> found = findings(report);
  const std::size_t shown = std::min(found.size(), kResultsMax);

  Json json;
  json.begin().field("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
  json.field("version", "2.1.0").key("runs").begin_list().begin();
  json.key("tool").begin().key("driver").begin().field("name", "phantom");
  json.field("semanticVersion", PHANTOM_VERSION).key("rules").begin_list();
  for (const Check& check : report.checks) write_rule(json, check);
  json.end_list().end().end();
  json.key("automationDetails").begin().field("id", category_of(input.program)).end();
  write_invocation(json, report);
  json.key("results").begin_list();
  for (std::size_t i = 0; i < shown; ++i) write_result(json, input, *found[i]);
  json.end_list().key("properties").begin();
  json.field("subject", escape_terminal(input.subject));
  json.field("verdict", verdict_name(report.verdict)).field("rung", rung_text(report));
  if (report.pruned) json.field("pruned", escape_terminal(pruned_text(*report.pruned)));
  json.field_number("resultsLeftOut", found.size() - shown);
  return json.end().end().end_list().end().str() + "\n";
}

}  // namespace phantom
