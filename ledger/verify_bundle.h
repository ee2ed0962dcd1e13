#pragma once
// Verification of an evidence bundle: alone, offline, with nothing of the ledger it is from.
// docs/FORMAT.md section 15.

#include "ledger/byte_source.h"
#include "ledger/verify.h"

namespace phantom {

// kComplete: a bundle whose answer is not shown to be whole leaves the check "cover" undecided.
enum class BundleDemand { kWhatItClaims, kComplete };

// Of the options: key, anchors, policy, timestamps, trust, clock, progress. Under a policy the
// receipts in the bundle are weighed by the policy's keys and certificates; `receipts` is not read.
// Constant memory; uses two threads.
//
// Checks, in order: bundle, manifest, entries, tree, cover, rendering, key, trust, anchors. Rungs:
// L0 bundle and entries; L1 those up to rendering; L2 to L4 as for a ledger, where only anchors
// count that the caller gave, or receipts in the bundle that the caller's policy accepts; L5 key
// and cover, of a bundle that is complete for its query. L5 says nothing about L3 and L4: the
// report names those that are missing.
VerifyReport verify_bundle(const ByteSource& source, const VerifyOptions& options,
                           BundleDemand demand = BundleDemand::kWhatItClaims);

}  // namespace phantom
