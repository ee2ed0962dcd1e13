#include "cli/agent_rules.h"

#include "cli/approval_text.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

struct Objection {
  std::string sentence;
  std::string advice;
};
using Objections = std::vector<Objection>;

constexpr std::array kLevels = {"unsafe", "protected", "verified", "anchored", "compliance-ready"};

Objections project(const AgentEvidence& evidence) {
  if (evidence.has_project) return {};
  return {{"there is no project here", "run 'phantom init'"}};
}

Objections vault(const AgentEvidence& evidence) {
  if (!evidence.has_project || evidence.has_vault) return {};
  return {{"the project has no vault", "run 'phantom init'"}};
}

Objections of_doctor(const AgentEvidence& evidence, DoctorSeverity severity) {
  Objections out;
  for (const AgentEvidence::Examined& each : evidence.examined) {
    for (const DoctorFinding& finding : each.findings) {
      if (finding.severity == severity) {
        out.push_back({each.check + ": " + finding.sentence, finding.advice});
      }
    }
  }
  return out;
}

Objections doctor_errors(const AgentEvidence& evidence) {
  return of_doctor(evidence, DoctorSeverity::kError);
}

Objections doctor_warnings(const AgentEvidence& evidence) {
  return of_doctor(evidence, DoctorSeverity::kWarning);
}

Objections record_verified(const AgentEvidence& evidence) {
  constexpr int kAuthentic = 2;
  if (evidence.verdict == Verdict::kVerified && evidence.rung >= kAuthentic) return {};
  const std::string why =
      evidence.verdict_reason.empty() ? std::string() : ": " + evidence.verdict_reason;
  return {
      {"the record was not verified" + why, "run 'phantom audit verify', it says what is wrong"}};
}

// A record that does not verify shows nothing about what agents did.
Objections record_fails(const AgentEvidence& evidence) {
  if (evidence.verdict != Verdict::kFailed) return {};
  return {{"the record contradicts itself or what is trusted: " + evidence.verdict_reason,
           "run 'phantom audit verify' and keep what it says"}};
}

Objections wired(const AgentEvidence& evidence) {
  for (const AgentEvidence::Examined& each : evidence.examined) {
    if (each.check == "clients" && !each.findings.empty()) {
      return {{each.findings[0].sentence, each.findings[0].advice}};
    }
  }
  return {};
}

Objections anchored(const AgentEvidence& evidence) {
  constexpr int kExternallyAnchored = 4;
  if (evidence.rung < kExternallyAnchored) {
    return {{"nobody else keeps a checkpoint of the record that counts",
             "phantom audit anchor add, then 'phantom audit anchor push'"}};
  }
  if (evidence.unanchored_ns <= kUnanchoredNsMax) return {};
  return {{std::to_string(evidence.unanchored_events) +
               " events are not anchored, the oldest for " + length_words(evidence.unanchored_ns),
           "phantom audit anchor push"}};
}

Objections rotation(const AgentEvidence& evidence) {
  if (evidence.secrets == 0)
    return {
        {"the vault holds no secret, so nothing shows that values are "
         "renewed",
         "run 'phantom init' or 'phantom add'"}};
  if (evidence.old_values.empty()) return {};
  constexpr std::size_t kNamed = 5;
  std::string names;
  for (std::size_t i = 0; i < std::min(kNamed, evidence.old_values.size()); ++i) {
    names += (i == 0 ? "" : ", ") + evidence.old_values[i];
  }
  if (evidence.old_values.size() > kNamed) {
    names += " and " + std::to_string(evidence.old_values.size() - kNamed) + " more";
  }
  return {{"values older than 90 days: " + names,
           "get new ones where they are issued and put them in with 'phantom rotate'"}};
}

Objections approvals(const AgentEvidence& evidence) {
  Objections out;
  if (!evidence.history_complete) {
    out.push_back({"there were more calls in the last 30 days than this report looks at",
                   "'phantom audit show --type mcp.tool.requested' has all of them"});
  }
  if (evidence.effects > evidence.effects_approved) {
    out.push_back({std::to_string(evidence.effects - evidence.effects_approved) +
                       " calls of the last 30 days changed something without an approval",
                   "'phantom audit show --type mcp.tool.requested' lists them"});
  }
  if (evidence.approvals_answered == 0) {
    out.push_back({"no person answered an agent's question in the last 30 days",
                   "give agents phantom's MCP server, and answer with 'phantom approve'"});
  }
  if (evidence.bad_seals > 0) {
    out.push_back({std::to_string(evidence.bad_seals) +
                       " grants of the last 30 days were not made with the vault's key",
                   "'phantom audit show --type approval.refused' says which"});
  }
  return out;
}

Objections recording(const AgentEvidence& evidence) {
  if (evidence.heartbeat_age_ns && *evidence.heartbeat_age_ns <= kHeartbeatNsMax) return {};
  if (!evidence.heartbeat_age_ns) {
    return {{"no recorder ever said that it was there",
             "work in 'phantom exec' sessions, or run 'phantom ledger serve'"}};
  }
  return {{"no recorder was there for " + length_words(*evidence.heartbeat_age_ns),
           "work in 'phantom exec' sessions, or run 'phantom ledger serve'"}};
}

struct Rule {
  std::string_view id;
  AgentLevel level;
  std::string_view about;
  Objections (*run)(const AgentEvidence&);
};

constexpr std::array kRules = {
    Rule{"project", AgentLevel::kProtected, "there is a project", project},
    Rule{"vault", AgentLevel::kProtected, "it has a vault", vault},
    Rule{"problems", AgentLevel::kProtected, "phantom doctor finds no error", doctor_errors},
    Rule{"record-sound", AgentLevel::kProtected, "the record does not contradict itself",
         record_fails},
    Rule{"warnings", AgentLevel::kVerified, "phantom doctor finds no warning", doctor_warnings},
    Rule{"record-verified", AgentLevel::kVerified, "the record verifies against the pinned key",
         record_verified},
    Rule{"wired", AgentLevel::kVerified, "an agent knows phantom's MCP server", wired},
    Rule{"anchored", AgentLevel::kAnchored, "a checkpoint not a day old is kept elsewhere",
         anchored},
    Rule{"rotation", AgentLevel::kComplianceReady, "no value is older than 90 days", rotation},
    Rule{"approvals", AgentLevel::kComplianceReady, "people answered, and nothing went past them",
         approvals},
    Rule{"recording", AgentLevel::kComplianceReady, "a recorder was there within a day", recording},
};

}  // namespace

const char* agent_level_name(AgentLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

std::optional<AgentLevel> find_agent_level(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (name == kLevels[i]) return static_cast<AgentLevel>(i);
  }
  return std::nullopt;
}

std::vector<AgentFinding> judge_agent(const AgentEvidence& evidence) {
  std::vector<AgentFinding> findings;
  for (const Rule& rule : kRules) {
    for (Objection& objection : rule.run(evidence)) {
      findings.push_back({std::string(rule.id), rule.level, std::move(objection.sentence),
                          std::move(objection.advice)});
    }
  }
  return findings;
}

AgentLevel level_reached(const std::vector<AgentFinding>& findings) {
  auto reached = static_cast<int>(AgentLevel::kComplianceReady);
  for (const AgentFinding& finding : findings) {
    reached = std::min(reached, static_cast<int>(finding.blocks) - 1);
  }
  return static_cast<AgentLevel>(reached);
}

std::vector<AgentRuleInfo> agent_rules() {
  std::vector<AgentRuleInfo> rules;
  for (const Rule& rule : kRules) rules.push_back({rule.id, rule.level, rule.about});
  return rules;
}

}  // namespace phantom
