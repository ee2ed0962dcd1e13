#pragma once
// The key that signs for this home's ledger, for what a command signs beside checkpoints.

#include "cli/environment.h"
#include "ledger/signer.h"

#include <string>

namespace phantom {

// kDenied when it is sealed and nothing opens it, or a service keeps it. kCorrupt: it is not the
// one that was pinned for the ledger `origin`.
Result<Signer> load_log_key(Environment& environment, const Home& home, const std::string& origin);

}  // namespace phantom
