#include "cli/framework.h"

namespace phantom {

Framework framework_soc2() {
  return {
      "soc2",
      "SOC 2, Trust Services Criteria",
      {{"CC6.1",
        "Access to protected information is through controlled means",
        {"type=proxy.request.requested type=secret.opened type=vault.unlocked"},
        "each use of a key by an agent or person through phantom, recorded before it took effect",
        "access that went past phantom, and whether the person should have had it"},
       {"CC6.2, CC6.3",
        "Access is granted, changed and taken away on purpose",
        {"type=config.accepted type=project.initialised type=vault.change.requested"},
        "routes that a person accepted on a terminal, and secrets that were added or removed",
        "who approved it outside of phantom, and access in the upstream services themselves"},
       {"CC6.6",
        "Requests from outside the boundary are held off",
        {"type=proxy.request.denied"},
        "requests that were refused before anything left, with the reason",
        "attempts that never reached the proxy"},
       {"CC6.7",
        "Information that leaves is restricted to who may have it",
        {"type=audit.exported type=audit.published type=secret.reveal.requested"},
        "exports and publications of the log, and secrets shown to a person",
        "what became of them afterwards"},
       {"CC7.2",
        "Anomalies are looked out for",
        {"outcome=denied",
         "type=ledger.anchor_conflict type=ledger.disk_low "
         "type=recorder.* type=vault.unlock_failed"},
        "refusals, failed unlocks, a full disk, conflicts with anchors, and that a recorder was "
        "there",
        "that somebody acted on them",
        Recording::kAsked},
       {"CC7.3",
        "Security events are evaluated",
        {"type=audit.gated type=audit.read type=audit.reported type=audit.verified"},
        "each look at the log, each verification and each report, by whom",
        "what the reader concluded"},
       {"CC8.1",
        "Changes are authorised and on record",
        {"type=config.accepted type=env.rewrite.requested type=ledger.keys_sealed "
         "type=vault.change.requested"},
        "changes of routes, dotenv files, vaults and keys, with digests before and after",
        "the review of the change, which happens elsewhere"},
       {"C1.2",
        "Confidential and personal information is disposed of",
        {"type=ledger.prune.requested type=privacy.erase.completed"},
        "events that were pruned under a rule, and keys of people that were destroyed",
        "copies outside of this home"},
       {"IPE",
        "Completeness and accuracy of the population",
        {""},
        "the number of all events in the period at the checkpoint below; verification says whether "
        "any is missing or changed",
        "activity that phantom never saw",
        Recording::kAsked}}};
}

}  // namespace phantom
