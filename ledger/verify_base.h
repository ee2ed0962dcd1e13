#pragma once
// Where an incremental verification begins: what was true at a checkpoint the caller trusts, read
// from the rows and tied to that checkpoint's root by inclusion proofs.

#include "ledger/store_reader.h"
#include "ledger/verify_fold.h"

namespace phantom {

// kNotFound: `trusted` lies in the first span or the removed part, where a walk begins at event 0
// anyway. kCorrupt: the
// rows do not lead to the trusted root.
Result<VerifyBase> read_verify_base(const StoreReader& rows, const Checkpoint& trusted,
                                    const Checkpoint& head, Seq first_kept);

// The stored bytes of an event that the trusted root covers. kCorrupt when they are not what it
// covers, kNotFound when it was removed.
Result<Bytes> read_proven_entry(const StoreReader& rows, const VerifyBase& base, Seq seq);

// The event that a tag of the walk links back to, which lies before the walk.
std::optional<Failure> check_outside_tag(const StoreReader& rows, const VerifyBase& base,
                                         const SpanTag& tag);

// Whether an event before the walk has an id of the walk, in which no id is older than
// `oldest_id_ms`.
std::optional<Failure> check_outside_ids(const StoreReader& rows, const VerifyBase& base,
                                         std::uint64_t oldest_id_ms);

}  // namespace phantom
