#pragma once
// Vault file and ledger brought to agree. A process can be killed at any point of a change; whoever
// opens the vault next finds one of the states below and finishes it.
//
//   killed after                          on disk              in the ledger     then
//   1 nothing                             current = before     -                 nothing to do
//   2 the staged file is durable          before, staged       -                 removed later
//   3 vault.change.requested is durable   before, staged       requested         renamed, completed
//   4 the rename                          after, or as in 3    requested         completed
//   5 vault.change.completed is durable   after                both              nothing to do
//
// The request is the point of no return. Two processes that both find state 3 both try the rename:
// the staged file exists once, so one succeeds and the other sees that it is gone. Completed events
// are conditional on the request being the newest event of the vault, so there is one of each.

#include "vault/vault.h"
#include "vault/vault_history.h"

#include <optional>

namespace phantom {

// The state of a vault file that ledger and disk agree on.
struct AgreedVault {
  std::optional<Bytes> file;  // none: there is no vault
  std::optional<Digest> digest;
  std::optional<Seq> newest;  // of the events filed under the vault
};

// kCorrupt: the file is not the one the ledger knows, or it is missing. kBusy: others keep changing
// it.
Result<AgreedVault> agree_on_vault(const VaultOptions& options);

// kConflict: another process completed the change.
Result<Receipt> append_vault_completed(const VaultOptions& options, Seq requested,
                                       const VaultChangeNote& note, Ending ending);

}  // namespace phantom
