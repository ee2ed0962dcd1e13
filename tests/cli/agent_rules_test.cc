#include "cli/agent_rules.h"

#include "cli/agent_report.h"
#include "events/sha256.h"
#include "ledger/signer.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

#include <set>

namespace phantom {
namespace {

AgentEvidence everything_good() {
  AgentEvidence evidence;
  evidence.examined = {{"dotenv", {}}, {"hook", {}}, {"clients", {}}};
  evidence.has_project = true;
  evidence.has_vault = true;
  evidence.verdict = Verdict::kVerified;
  evidence.rung = 4;
  evidence.secrets = 3;
  evidence.effects = 2;
  evidence.effects_approved = 2;
  evidence.approvals_answered = 2;
  evidence.heartbeat_age_ns = kHeartbeatNsMax;
  return evidence;
}

TEST(AgentRules, LevelsNeedEvidence) {
  struct Row {
    const char* what;
    void (*change)(AgentEvidence&);
    AgentLevel level;
    const char* rule;  // null: none is broken
  };
  using E = AgentEvidence;
  using L = AgentLevel;
  const Row rows[] = {
      {"all of it", [](E&) {}, L::kComplianceReady, nullptr},
      {"no project",
       [](E& e) {
         e.has_project = false;
         e.has_vault = false;
       },
       L::kUnsafe, "project"},
      {"no vault", [](E& e) { e.has_vault = false; }, L::kUnsafe, "vault"},
      {"a plain secret",
       [](E& e) {
         e.examined[0].findings = {{DoctorSeverity::kError, "plain", "init"}};
       },
       L::kUnsafe, "problems"},
      {"a record that contradicts itself",
       [](E& e) {
         e.verdict = Verdict::kFailed;
         e.rung = 0;
       },
       L::kUnsafe, "record-sound"},
      {"a warning",
       [](E& e) {
         e.examined[1].findings = {{DoctorSeverity::kWarning, "no hook", "fix"}};
       },
       L::kProtected, "warnings"},
      {"a note is no warning",
       [](E& e) {
         e.examined[1].findings = {{DoctorSeverity::kNote, "fyi", ""}};
       },
       L::kComplianceReady, nullptr},
      {"not wired",
       [](E& e) {
         e.examined[2].findings = {{DoctorSeverity::kNote, "no server", "setup"}};
       },
       L::kProtected, "wired"},
      {"no verification", [](E& e) { e.verdict = Verdict::kIndeterminate; }, L::kProtected,
       "record-verified"},
      {"consistent but not authentic", [](E& e) { e.rung = 1; }, L::kProtected, "record-verified"},
      {"nobody else has a checkpoint", [](E& e) { e.rung = 3; }, L::kVerified, "anchored"},
      {"an old anchor",
       [](E& e) {
         e.unanchored_events = 5;
         e.unanchored_ns = kUnanchoredNsMax + 1;
       },
       L::kVerified, "anchored"},
      {"old values", [](E& e) { e.old_values = {"KEY"}; }, L::kAnchored, "rotation"},
      {"an empty vault shows no rotation", [](E& e) { e.secrets = 0; }, L::kAnchored, "rotation"},
      {"a call nobody approved", [](E& e) { e.effects = 3; }, L::kAnchored, "approvals"},
      {"nobody ever answered",
       [](E& e) {
         e.effects = 0;
         e.effects_approved = 0;
         e.approvals_answered = 0;
       },
       L::kAnchored, "approvals"},
      {"a forged grant", [](E& e) { e.bad_seals = 1; }, L::kAnchored, "approvals"},
      {"more than was looked at", [](E& e) { e.history_complete = false; }, L::kAnchored,
       "approvals"},
      {"no heartbeat", [](E& e) { e.heartbeat_age_ns.reset(); }, L::kAnchored, "recording"},
      {"an old heartbeat", [](E& e) { e.heartbeat_age_ns = kHeartbeatNsMax + 1; }, L::kAnchored,
       "recording"},
  };
  for (const Row& row : rows) {
    AgentEvidence evidence = everything_good();
    row.change(evidence);
    const std::vector<AgentFinding> findings = judge_agent(evidence);
    EXPECT_EQ(level_reached(findings), row.level) << row.what;
    EXPECT_EQ(findings.empty(), row.rule == nullptr) << row.what;
    if (row.rule != nullptr && !findings.empty()) {
      EXPECT_EQ(findings[0].id, row.rule) << row.what;
    }
  }
}

// Three switches made the predecessor's report say that all is well.
TEST(AgentRules, SwitchesAloneShowNothing) {
  AgentEvidence evidence;
  evidence.has_project = true;
  evidence.has_vault = true;
  EXPECT_EQ(level_reached(judge_agent(evidence)), AgentLevel::kProtected);
}

TEST(AgentRules, NamesAndLevelsAreOneToOne) {
  for (const char* name : {"unsafe", "protected", "verified", "anchored", "compliance-ready"}) {
    ASSERT_TRUE(find_agent_level(name));
    EXPECT_STREQ(agent_level_name(*find_agent_level(name)), name);
  }
  EXPECT_FALSE(find_agent_level("team-ready"));
  std::set<std::string_view> ids;
  for (const AgentRuleInfo& rule : agent_rules()) EXPECT_TRUE(ids.insert(rule.id).second);
}

TEST(AgentReport, IsSignedAndNeverReadsAsACheckpoint) {
  SeededRandom random(1);
  const Signer signer = Signer::generate("phantom.example/log", random);
  const Signer other = Signer::generate("phantom.example/log", random);
  GatheredEvidence gathered;
  gathered.evidence = everything_good();
  gathered.project = "demo";
  gathered.head = Checkpoint{"phantom.example/log", 7, sha256(as_bytes("root"))};
  const std::string json = agent_report_json(gathered, judge_agent(gathered.evidence));
  const std::string text = agent_report_text(json);
  const std::string note =
      text + "\n" + signature_line(signer.verifier_key(), signer.sign(as_bytes(text)));
  const auto checked = check_agent_report(note, signer.verifier_key());
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  EXPECT_EQ(checked->level, "compliance-ready");
  EXPECT_EQ(checked->head, *gathered.head);
  EXPECT_EQ(checked->json, json);
  EXPECT_FALSE(parse_checkpoint(note).ok());
  EXPECT_EQ(check_agent_report(note, other.verifier_key()).error().code, Code::kDenied);
  for (std::size_t i = 0; i < note.size(); ++i) {
    std::string changed = note;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(check_agent_report(changed, signer.verifier_key()).ok()) << i;
  }
  // A checkpoint, signed by the same key, is no report.
  const std::string point = gathered.head->text();
  EXPECT_FALSE(
      check_agent_report(
          point + "\n" + signature_line(signer.verifier_key(), signer.sign(as_bytes(point))),
          signer.verifier_key())
          .ok());
}

}  // namespace
}  // namespace phantom
