#pragma once
// The report as text, as JSON and as a signed note. Pure but for agent_reported's inputs.

#include "cli/agent_evidence.h"
#include "events/draft.h"
#include "ledger/checkpoint.h"

#include <string>
#include <string_view>

namespace phantom {

// First line of the text of a signed report. It has no place in a checkpoint, so that the log key
// never signs under one meaning what could be read under another.
inline constexpr std::string_view kAgentReportHeader = "phantom agent report v1";

// One JSON object without line breaks.
std::string agent_report_json(const GatheredEvidence& gathered,
                              const std::vector<AgentFinding>& findings);
// What is signed: the header and the JSON, each with a line break.
std::string agent_report_text(std::string_view json);

struct CheckedReport {
  std::string json;
  std::string level;
  Checkpoint head;  // the record it was computed from; size 0 when there was none
};
// kInvalid: not a signed report. kDenied: not signed by this key.
Result<CheckedReport> check_agent_report(std::string_view note, const VerifierKey& key);

// context.project may be empty. `report`: SHA-256 of the text that is signed.
Draft agent_reported(const Context& context, AgentLevel level, std::size_t findings,
                     const Digest& report, std::uint64_t size);

}  // namespace phantom
