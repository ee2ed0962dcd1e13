#pragma once
// Records that files were searched for secrets: check.scanned, when this home has a ledger.

#include "cli/environment.h"

#include <cstdint>
#include <string>

namespace phantom {

// `scope` as in the event. Never fails and never asks anything, since a search has to work in hooks
// and in CI: where there is no ledger none is made, and one that cannot be written in a short time
// is said in a note.
void record_check(Environment& environment, const std::string& scope, std::uint64_t files,
                  std::uint64_t findings);

}  // namespace phantom
