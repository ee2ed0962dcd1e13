#pragma once
// The change from one epoch to the next, as the writer makes it. docs/FORMAT.md section 5.
//
// Steps, and what a crash after each leaves for the next open:
//   1. secret of epoch n+1 durable on disk   -> no announcement: the file is destroyed
//   2. announcement committed under epoch n  -> epoch n+1 is in force, file n is destroyed
//   3. secret of epoch n wiped from memory and destroyed on disk -> done
// Before 1 a request may be on record: it is carried out at the next open.

#include "events/clock.h"
#include "events/draft.h"
#include "events/random.h"
#include "ledger/epochs.h"
#include "ledger/key_files.h"
#include "ledger/row_source.h"
#include "ledger/signer.h"

#include <functional>

namespace phantom {

// Who acts when the writer itself records.
Context writer_context();

// The epoch that signs. Owned by the writer, used under its commit lock.
struct SigningEpoch {
  std::uint64_t number = 1;
  Seq first_seq = 0;  // first event it signs for
  Signer key;
  bool rotation_pending = false;  // a request is on record and not carried out
};

// At open, under the lease: the epoch in force for a ledger of `size` events. Destroys the key
// files of every other epoch. kNotFound without its key file, kCorrupt when the file holds another
// key than the ledger announces.
Result<SigningEpoch> open_epoch(const RowSource& rows, std::uint64_t size, KeyFiles& keys);

// kDenied for what only the writer itself may record: a producer's draft of it could announce a
// key nobody holds.
Status check_not_reserved(const Draft& draft);

struct EpochChange {
  std::string origin;
  std::uint64_t size = 0;  // events in the ledger; the announcement becomes the next one
  CloseReason reason = CloseReason::kScheduled;
  const Clock* clock = nullptr;
  Random* random = nullptr;
  // Commits one draft as a commit of its own, signed by the epoch that ends.
  std::function<Result<Receipt>(Draft)> commit;
};

// Steps 1 to 3. On ok `epoch` is the new one. After an error `epoch` is the one that was in force,
// unless only the destruction of the old key file failed, which the next open makes up for.
Status start_epoch(SigningEpoch& epoch, KeyFiles& keys, const EpochChange& change);

}  // namespace phantom
