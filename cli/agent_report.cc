#include "cli/agent_report.h"

#include "cli/json.h"
#include "events/encoding.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include <boost/json.hpp>

#include <algorithm>

namespace phantom {

std::string agent_report_json(const GatheredEvidence& gathered,
                              const std::vector<AgentFinding>& findings) {
  const AgentEvidence& evidence = gathered.evidence;
  Json json;
  json.begin().field_number("v", 1).field("level", agent_level_name(level_reached(findings)));
  json.field("project", gathered.project).field("time", format_time(gathered.now_ns));
  json.key("checkpoint");
  if (gathered.head) {
    json.begin().field("origin", gathered.head->origin);
    json.field_number("size", gathered.head->size).field("root", to_hex(gathered.head->root)).end();
  } else {
    json.null();
  }
  json.key("evidence").begin().key("verified").truth(evidence.verdict == Verdict::kVerified);
  json.field("rung", evidence.rung < 0 ? "" : "L" + std::to_string(evidence.rung));
  json.field_number("unanchored_events", evidence.unanchored_events);
  json.field_number("secrets", evidence.secrets);
  json.field_number("old_values", evidence.old_values.size());
  json.field_number("effects", evidence.effects);
  json.field_number("effects_approved", evidence.effects_approved);
  json.field_number("approvals_answered", evidence.approvals_answered).end();
  json.key("rules").begin_list();
  for (const AgentRuleInfo& rule : agent_rules()) {
    const bool holds = std::none_of(findings.begin(), findings.end(),
                                    [&](const AgentFinding& each) { return each.id == rule.id; });
    json.begin().field("id", rule.id).field("level", agent_level_name(rule.level));
    json.field("about", rule.about).key("holds").truth(holds).end();
  }
  json.end_list().key("findings").begin_list();
  for (const AgentFinding& finding : findings) {
    json.begin().field("id", finding.id).field("blocks", agent_level_name(finding.blocks));
    json.field("sentence", finding.sentence).field("advice", finding.advice).end();
  }
  return json.end_list().end().str();
}

std::string agent_report_text(std::string_view json) {
  std::string text(kAgentReportHeader);
  text += '\n';
  text += json;
  text += '\n';
  return text;
}

Result<CheckedReport> check_agent_report(std::string_view note, const VerifierKey& key) {
  const Error wrong{Code::kInvalid, "that is not a signed report of phantom",
                    "'phantom agent report -o FILE' makes one"};
  const Result<SignedNote> parsed = parse_note(note);
  if (!parsed.ok()) return wrong;
  const std::string_view text = parsed->text;
  const std::string begin = std::string(kAgentReportHeader) + "\n";
  if (!text.starts_with(begin) || !text.ends_with("\n")) return wrong;
  CheckedReport checked;
  checked.json = text.substr(begin.size(), text.size() - begin.size() - 1);
  if (checked.json.find('\n') != std::string::npos) return wrong;
  if (check_note(note, key) != NoteCheck::kGood) {
    return Error{Code::kDenied, "the report is not signed by " + escape_terminal(key.name),
                 "nothing in it counts, unless --key named another key than the right one"};
  }
  boost::system::error_code code;
  const boost::json::value value = boost::json::parse(checked.json, code);
  if (code || !value.is_object()) return wrong;
  const boost::json::object& report = value.get_object();
  const boost::json::value* level = report.if_contains("level");
  if (level == nullptr || !level->is_string()) return wrong;
  checked.level = level->get_string();
  if (!find_agent_level(checked.level)) return wrong;
  if (const boost::json::value* head = report.if_contains("checkpoint");
      head != nullptr && head->is_object()) {
    const boost::json::object& at = head->get_object();
    const boost::json::value* origin = at.if_contains("origin");
    const boost::json::value* size = at.if_contains("size");
    const boost::json::value* root = at.if_contains("root");
    if (origin == nullptr || !origin->is_string() || size == nullptr || root == nullptr ||
        !root->is_string()) {
      return wrong;
    }
    const auto bytes = from_hex(std::string(root->get_string()));
    if (!bytes || bytes->size() != checked.head.root.size() || !size->is_int64() ||
        size->get_int64() < 0) {
      return wrong;
    }
    checked.head.origin = origin->get_string();
    checked.head.size = static_cast<std::uint64_t>(size->get_int64());
    std::copy(bytes->begin(), bytes->end(), checked.head.root.begin());
  }
  return checked;
}

Draft agent_reported(const Context& context, AgentLevel level, std::size_t findings,
                     const Digest& report, std::uint64_t size) {
  return make_draft<schema::AgentReported>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    const auto name = builder.CreateString(agent_level_name(level));
    const auto digest = builder.CreateVector(report.data(), report.size());
    return schema::CreateAgentReported(builder, name, static_cast<std::uint32_t>(findings), digest,
                                       size);
  });
}

}  // namespace phantom
