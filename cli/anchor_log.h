#pragma once
// One's own log as the weighing of receipts wants it, and what local anchors hold of a log.

#include "ledger/anchor_weigh.h"
#include "ledger/reader.h"
#include "ledger/verify.h"

namespace phantom {

// Good while `reader` is and stays where it is.
WeighedLog weighed_log_of(const LedgerReader& reader, const VerifierKey& key);

// Adds to the options' receipts what those anchors of their policy hold that are on this machine.
// An anchor that cannot be read adds nothing: then its receipts are missing.
void add_held_receipts(VerifyOptions& options);

}  // namespace phantom
