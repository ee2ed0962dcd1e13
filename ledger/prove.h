#pragma once
// Self-contained proofs: C2SP tlog-proof@v1 text for one event, good without phantom.

#include "events/result.h"
#include "ledger/reader.h"

namespace phantom {

// kNotFound when the event is past the snapshot.
Result<std::string> prove_event(const LedgerReader& reader, Seq seq);

}  // namespace phantom
