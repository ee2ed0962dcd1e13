#include "ledger/epoch_change.h"

#include "events/catalog.h"
#include "events/check.h"
#include "events/tags.h"
#include "ledger/layout.h"
#include "ledger/point.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

bool has_tag(const Draft& draft, std::string_view tag) {
  return std::find(draft.tags.begin(), draft.tags.end(), tag) != draft.tags.end();
}

}  // namespace

Context writer_context() {
  Context context;
  context.component = "ledger";
  context.version = PHANTOM_VERSION;
  context.actor_kind = ActorKind::System;
  return context;
}

Result<SigningEpoch> open_epoch(const RowSource& rows, std::uint64_t size, KeyFiles& keys) {
  PH_ASSIGN(const EpochState state, read_epoch(rows, size));
  PH_ASSIGN(Signer key, keys.load(epoch_key_file(keys.directory(), state.number)));
  if (key.verifier_key().text() != state.vkey) {
    return Error{Code::kCorrupt, "the epoch key on disk is not the one the ledger announces"};
  }
  PH_TRY(keys.destroy_other_epochs(state.number));
  return SigningEpoch{state.number, state.first_seq, std::move(key), state.rotation_pending};
}

Status check_not_reserved(const Draft& draft) {
  const bool reserved =
      draft.type == event_no<schema::LedgerCreated>() ||
      draft.type == event_no<schema::LedgerEpochAnnounced>() || has_tag(draft, kEpochTag) ||
      draft.type == event_no<schema::LedgerPruneRequested>() ||
      draft.type == event_no<schema::LedgerPruneCompleted>() || has_tag(draft, kPruneTag) ||
      (has_tag(draft, kRotationTag) != (draft.type == event_no<schema::LedgerRotationRequested>()));
  if (!reserved) return {};
  return Error{Code::kDenied, "only the ledger's writer announces keys and removes events",
               "run 'phantom ledger rotate-key' or 'phantom audit retention' to ask for it"};
}

Status start_epoch(SigningEpoch& epoch, KeyFiles& keys, const EpochChange& change) {
  const std::uint64_t next = epoch.number + 1;
  Signer key = Signer::generate(epoch_name(change.origin, next), *change.random);
  const auto file = epoch_key_file(keys.directory(), next);
  PH_TRY(keys.save(file, key, *change.random));
  PH_POINT("epoch.key_saved");

  const EpochClosing closing{epoch.number, epoch.first_seq, change.size + 1 - epoch.first_seq,
                             change.reason};
  Draft draft = epoch_announced(writer_context(), next, key.verifier_key().text(), closing);
  draft.id = make_event_id(*change.clock, *change.random);
  draft.occurred_ns = change.clock->wall_ns();
  draft.mono_ns = change.clock->mono_ns();
  draft.boot_id = change.clock->boot_id();
  const Result<Receipt> receipt = change.commit(std::move(draft));
  if (!receipt.ok()) {
    // Whether it is announced is not known after a doubtful write: then the file has to stay.
    if (receipt.error().code != Code::kIndeterminate) PH_TRY(destroy_key_file(file));
    return receipt.error();
  }
  PH_POINT("epoch.announced");
  PH_CHECK(receipt->seq == change.size, "the announcement has another number than it says");

  const std::uint64_t closed = epoch.number;
  epoch = SigningEpoch{next, receipt->seq + 1, std::move(key), false};
  PH_TRY(destroy_key_file(epoch_key_file(keys.directory(), closed)));
  PH_POINT("epoch.old_destroyed");
  return {};
}

}  // namespace phantom
