#pragma once
// Epoch keys make the log forward secure: the next epoch's public key is announced in an event
// under the current one, then the current secret is destroyed, so that a key stolen today cannot
// sign for yesterday. docs/FORMAT.md section 5; ledger/epoch_change.h makes the change.

#include "events/draft.h"
#include "events/result.h"
#include "ledger/reader.h"
#include "ledger/row_source.h"

#include <optional>
#include <string>
#include <vector>

namespace phantom {

struct EpochState {
  std::uint64_t number = 1;
  std::string vkey;
  Seq announced_at = 0;
  Seq first_seq = 0;              // first event it signs for
  bool rotation_pending = false;  // somebody asked for its end, which has not come
};

// The epoch in force for the next commit, from the newest events with the epoch and rotation tags.
Result<EpochState> read_epoch(const RowSource& rows, std::uint64_t size);

// One epoch as the ledger tells it. Nothing is checked here.
struct EpochRecord {
  std::uint64_t number = 1;
  std::string vkey;
  Seq announced_seq = 0;
  Seq first_seq = 0;
  std::optional<Seq> closed_seq;  // none while it is in force
  std::uint64_t events = 0;       // so far, its closing event included
  std::string close_reason;       // empty while it is in force
};
// From epoch 1 to the one in force. One read for each epoch.
Result<std::vector<EpochRecord>> read_epochs(const LedgerReader& reader);

// Producers.
Draft ledger_created(const Context& context, const std::string& origin,
                     const std::string& ledger_id, const std::string& log_vkey,
                     const std::string& epoch_vkey);

enum class CloseReason {
  kScheduled,  // it signed for as many events as one key should
  kRequested,
  kRestored  // the ledger came back from a backup, whose keys may be elsewhere too
};
const char* close_reason_name(CloseReason reason);

struct EpochClosing {
  std::uint64_t epoch = 0;
  Seq first_seq = 0;
  std::uint64_t events = 0;  // the announcement included
  CloseReason reason = CloseReason::kScheduled;
};
Draft epoch_announced(const Context& context, std::uint64_t epoch, const std::string& vkey,
                      const EpochClosing& closing);

// `epoch` is the one that shall end: when another is in force by then, nothing is left to do.
// 0 ends whichever is in force.
Draft rotation_requested(const Context& context, std::uint64_t epoch);
// True for the payload of such a request when `epoch` is the one to end.
bool asks_to_end(EventNo type, ByteView payload, std::uint64_t epoch);

// `method`: passphrase, keyfile or none.
Draft keys_sealed(const Context& context, std::string_view method);

}  // namespace phantom
