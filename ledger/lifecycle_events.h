#pragma once
// Producers of the events of a ledger's life cycle: arguments in, draft out.

#include "events/draft.h"
#include "ledger/checkpoint.h"

#include <optional>
#include <string>
#include <vector>

namespace phantom {

// `lost` is the newest checkpoint anything here knew, when the backup is older; a person accepted
// that. `reason` is what they said and gets sealed.
struct Loss {
  Checkpoint lost;
  std::string reason;
};
Draft ledger_restored(const Context& context, const Checkpoint& restored,
                      const std::optional<Loss>& loss);

Draft ledger_repaired(const Context& context, const std::vector<std::string>& findings,
                      const std::string& evidence);

Draft ledger_disk_low(const Context& context, std::uint64_t free_bytes, std::uint64_t needed_bytes);

}  // namespace phantom
