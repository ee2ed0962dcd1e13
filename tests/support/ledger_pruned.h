#pragma once
// A ledger in memory whose beginning was removed, as the program does it.

#include "ledger/prune.h"
#include "tests/support/ledger_fixture.h"

namespace phantom::test {

// Root over the first `size` events.
Digest root_of(const MemoryLedger& ledger, std::uint64_t size);
// Commits the event that allows the removal of events before `first_kept`; its number.
Seq request_prune(MemoryLedger& ledger, Seq first_kept);
// Turns bundles up to `to` into hashes, one bundle at a time.
void remove_up_to(MemoryLedger& ledger, Seq to);
// Request, removal, completed event.
void prune(MemoryLedger& ledger, Seq first_kept);

// Two epochs, a vault, some sessions, commits that cross bundles; epoch 2 begins at event 1024 or
// later.
MemoryLedger prunable_ledger();
inline constexpr Seq kPrunable = 768;  // a first event to keep, in the middle of a commit

}  // namespace phantom::test
