#pragma once
// How ready a project is for agents, computed from evidence and from nothing a switch says. Pure.
//
// The next rule is a line in the table of cli/agent_rules.cc and the function it names.

#include "cli/doctor.h"
#include "ledger/verify.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// Each holds only when all that is asked for the ones before it holds too.
enum class AgentLevel {
  kUnsafe,           // a secret lies open, or what protects it does not work
  kProtected,        // agents get placeholders; nothing is known to be open
  kVerified,         // the record was verified just now, and nothing is left half done
  kAnchored,         // somebody else holds a checkpoint that is not a day old
  kComplianceReady,  // values are renewed, calls were approved by people, recording went on
};
const char* agent_level_name(AgentLevel level);
std::optional<AgentLevel> find_agent_level(std::string_view name);

inline constexpr std::int64_t kDayNs = 86'400'000'000'000;
inline constexpr std::int64_t kValueAgeNsMax = 90 * kDayNs;
inline constexpr std::int64_t kUnanchoredNsMax = kDayNs;
inline constexpr std::int64_t kHeartbeatNsMax = kDayNs;
inline constexpr std::int64_t kApprovalsLookedAtNs = 30 * kDayNs;

// What was found out, at one moment.
struct AgentEvidence {
  struct Examined {
    std::string check;  // of cli/doctor.h
    DoctorFindings findings;
  };
  std::vector<Examined> examined;
  bool has_project = false;
  bool has_vault = false;

  // The verification that was run for this.
  Verdict verdict = Verdict::kIndeterminate;
  int rung = -1;
  std::string verdict_reason;  // of the first check that did not pass
  std::uint64_t unanchored_events = 0;
  std::int64_t unanchored_ns = 0;

  std::uint64_t secrets = 0;
  std::vector<std::string> old_values;  // full names of those that are older than kValueAgeNsMax

  // Of the last kApprovalsLookedAtNs.
  std::uint64_t effects = 0;           // calls of tools that change something
  std::uint64_t effects_approved = 0;  // of those, the ones a person had allowed
  std::uint64_t approvals_answered = 0;
  std::uint64_t bad_seals = 0;
  bool history_complete = true;  // false: there was more than was looked at

  std::optional<std::int64_t> heartbeat_age_ns;  // none: no recorder ever beat
};

struct AgentFinding {
  std::string id;
  AgentLevel blocks = AgentLevel::kProtected;  // this level and those above it
  std::string sentence;
  std::string advice;
};

// In order of level. Sentences may hold text from outside.
std::vector<AgentFinding> judge_agent(const AgentEvidence& evidence);
AgentLevel level_reached(const std::vector<AgentFinding>& findings);

// Names of the rules, with what each asks for.
struct AgentRuleInfo {
  std::string_view id;
  AgentLevel level = AgentLevel::kProtected;
  std::string_view about;
};
std::vector<AgentRuleInfo> agent_rules();

}  // namespace phantom
