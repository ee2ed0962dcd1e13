#pragma once
// Gathers what cli/agent_rules.h judges: the doctor's checks, a verification of the record, the
// ages of values, approvals and heartbeats. Opens no value and needs no passphrase.

#include "cli/agent_rules.h"

namespace phantom {

struct GatheredEvidence {
  AgentEvidence evidence;
  std::string project;             // empty when there is none
  std::optional<Checkpoint> head;  // what was verified
  std::int64_t now_ns = 0;
};

// An error only when there is nothing to look at; what cannot be found out counts as not there.
Result<GatheredEvidence> gather_evidence(Environment& environment);

}  // namespace phantom
