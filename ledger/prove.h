#pragma once
// Proofs that are good without phantom: C2SP tlog-proof@v1 text for one event, RFC 6962 consistency
// of two sizes.

#include "events/result.h"
#include "ledger/reader.h"

#include <vector>

namespace phantom {

// A ledger's checkpoint as it goes out to others: without the epoch key's signature, which only who
// has all events can check.
Result<SignedCheckpoint> outside_checkpoint(const SignedCheckpoint& head);

// kNotFound when the event is past the snapshot.
Result<std::string> prove_event(const LedgerReader& reader, Seq seq);

// Shows that the ledger of `first` events is the start of that of `second`; RFC 6962 section 2.1.2.
// kInvalid unless 0 < first <= second. kNotFound when `second` is past the snapshot.
Result<std::vector<Digest>> prove_growth(const LedgerReader& reader, std::uint64_t first,
                                         std::uint64_t second);

}  // namespace phantom
