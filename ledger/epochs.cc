#include "ledger/epochs.h"

#include "events/envelope.h"
#include "events/producers.h"
#include "events/tags.h"
#include "ledger/tag_table.h"
#include "schema/events_generated.h"

#include <algorithm>
#include <utility>

namespace phantom {
namespace {

std::string text(const flatbuffers::String* value) {
  return value == nullptr ? std::string() : value->str();
}

Bytes payload_of(const schema::Entry& entry) {
  return Bytes(entry.payload()->begin(), entry.payload()->end());
}

// True when event `seq` asks for the end of `epoch`.
Result<bool> event_asks_to_end(const RowSource& rows, std::uint64_t size, Seq seq,
                               std::uint64_t epoch) {
  PH_ASSIGN(const Bytes bytes, read_entry(rows, size, seq));
  PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
  return asks_to_end(entry->type(), payload_of(*entry), epoch);
}

}  // namespace

Result<EpochState> read_epoch(const RowSource& rows, std::uint64_t size) {
  PH_ASSIGN(const auto tag, read_tag(rows, kEpochTag));
  if (!tag) return Error{Code::kCorrupt, "the ledger announces no epoch key"};
  PH_ASSIGN(const Bytes bytes, read_entry(rows, size, tag->last_seq));
  PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
  const Bytes payload = payload_of(*entry);
  PH_TRY(check_payload(entry->type(), payload));
  EpochState state;
  state.announced_at = tag->last_seq;
  if (entry->type() == event_no<schema::LedgerCreated>()) {
    state.vkey = text(flatbuffers::GetRoot<schema::LedgerCreated>(payload.data())->epoch_vkey());
  } else if (entry->type() == event_no<schema::LedgerEpochAnnounced>()) {
    const auto* announced = flatbuffers::GetRoot<schema::LedgerEpochAnnounced>(payload.data());
    state.number = announced->epoch();
    state.vkey = text(announced->epoch_vkey());
    state.first_seq = tag->last_seq + 1;
  } else {
    return Error{Code::kCorrupt, "an event of another type carries the epoch tag"};
  }
  PH_ASSIGN(const auto asked, read_tag(rows, kRotationTag));
  if (asked && asked->last_seq > state.announced_at) {
    PH_ASSIGN(state.rotation_pending, event_asks_to_end(rows, size, asked->last_seq, state.number));
  }
  return state;
}

Result<std::vector<EpochRecord>> read_epochs(const LedgerReader& reader) {
  std::vector<EpochRecord> epochs;  // newest first
  // How the next one to be visited ended: what the event visited before it says.
  std::uint64_t end = reader.head().checkpoint.size;
  std::optional<Seq> closed_seq;
  std::string close_reason;
  const auto take = [&](Seq seq, const Bytes& bytes) -> Status {
    PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
    const Bytes payload = payload_of(*entry);
    PH_TRY(check_payload(entry->type(), payload));
    EpochRecord epoch;
    epoch.announced_seq = seq;
    epoch.closed_seq = closed_seq;
    epoch.close_reason = std::exchange(close_reason, {});
    if (entry->type() == event_no<schema::LedgerCreated>()) {
      epoch.vkey = text(flatbuffers::GetRoot<schema::LedgerCreated>(payload.data())->epoch_vkey());
    } else if (entry->type() == event_no<schema::LedgerEpochAnnounced>()) {
      const auto* announced = flatbuffers::GetRoot<schema::LedgerEpochAnnounced>(payload.data());
      epoch.number = announced->epoch();
      epoch.vkey = text(announced->epoch_vkey());
      epoch.first_seq = seq + 1;
      close_reason = text(announced->close_reason());
    } else {
      return Error{Code::kCorrupt, "an event of another type carries the epoch tag"};
    }
    epoch.events = end - epoch.first_seq;
    end = epoch.first_seq;
    closed_seq = seq;
    epochs.push_back(std::move(epoch));
    return {};
  };
  Status bad;
  PH_TRY(reader.history(kEpochTag, [&](Seq seq, const Bytes& bytes) {
    bad = take(seq, bytes);
    return bad.ok();
  }));
  PH_TRY(std::move(bad));
  if (epochs.empty()) return Error{Code::kCorrupt, "the ledger announces no epoch key"};
  std::reverse(epochs.begin(), epochs.end());
  return epochs;
}

Draft ledger_created(const Context& context, const std::string& origin,
                     const std::string& ledger_id, const std::string& log_vkey,
                     const std::string& epoch_vkey) {
  Draft draft =
      make_draft<schema::LedgerCreated>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        const Digest digest = schema_digest();
        const auto schema_vector = builder.CreateVector(digest.data(), digest.size());
        return schema::CreateLedgerCreated(
            builder, builder.CreateString(origin), builder.CreateString(ledger_id),
            builder.CreateString(log_vkey), builder.CreateString(epoch_vkey), schema_vector);
      });
  draft.tags.emplace_back(kEpochTag);
  return draft;
}

const char* close_reason_name(CloseReason reason) {
  switch (reason) {
    case CloseReason::kScheduled:
      return "scheduled";
    case CloseReason::kRequested:
      return "requested";
    case CloseReason::kRestored:
      return "restored";
  }
  return "scheduled";
}

Draft epoch_announced(const Context& context, std::uint64_t epoch, const std::string& vkey,
                      const EpochClosing& closing) {
  Draft draft = make_draft<schema::LedgerEpochAnnounced>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateLedgerEpochAnnounced(
            builder, epoch, builder.CreateString(vkey), closing.epoch, closing.first_seq,
            closing.events, builder.CreateString(close_reason_name(closing.reason)));
      });
  draft.tags.emplace_back(kEpochTag);
  return draft;
}

Draft rotation_requested(const Context& context, std::uint64_t epoch) {
  Draft draft = make_draft<schema::LedgerRotationRequested>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateLedgerRotationRequested(builder, epoch);
      });
  draft.tags.emplace_back(kRotationTag);
  return draft;
}

bool asks_to_end(EventNo type, ByteView payload, std::uint64_t epoch) {
  if (type != event_no<schema::LedgerRotationRequested>()) return false;
  if (!check_payload(type, payload).ok()) return false;
  const auto* request = flatbuffers::GetRoot<schema::LedgerRotationRequested>(payload.data());
  return request->epoch() == 0 || request->epoch() == epoch;
}

Draft keys_sealed(const Context& context, std::string_view method) {
  return make_draft<schema::LedgerKeysSealed>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateLedgerKeysSealed(builder,
                                              builder.CreateString(method.data(), method.size()));
      });
}

}  // namespace phantom
