#include "ledger/epochs.h"

#include "events/envelope.h"
#include "events/producers.h"
#include "events/tags.h"
#include "ledger/layout.h"
#include "ledger/tag_table.h"
#include "schema/events_generated.h"

namespace phantom {

Result<EpochState> read_epoch(const RowSource& rows, std::uint64_t size) {
  PH_ASSIGN(const auto tag, read_tag(rows, kEpochTag));
  if (!tag) return Error{Code::kCorrupt, "the ledger announces no epoch key"};
  PH_ASSIGN(const Bytes bytes, read_entry(rows, size, tag->last_seq));
  PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
  const Bytes payload(entry->payload()->begin(), entry->payload()->end());
  PH_TRY(check_payload(entry->type(), payload));
  EpochState state;
  state.announced_at = tag->last_seq;
  if (entry->type() == event_no<schema::LedgerCreated>()) {
    const auto* created = flatbuffers::GetRoot<schema::LedgerCreated>(payload.data());
    state.number = 1;
    state.vkey = created->epoch_vkey() == nullptr ? "" : created->epoch_vkey()->str();
  } else if (entry->type() == event_no<schema::LedgerEpochAnnounced>()) {
    const auto* announced = flatbuffers::GetRoot<schema::LedgerEpochAnnounced>(payload.data());
    state.number = announced->epoch();
    state.vkey = announced->epoch_vkey() == nullptr ? "" : announced->epoch_vkey()->str();
  } else {
    return Error{Code::kCorrupt, "an event of another type carries the epoch tag"};
  }
  return state;
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

Draft epoch_announced(const Context& context, std::uint64_t epoch, const std::string& vkey) {
  Draft draft = make_draft<schema::LedgerEpochAnnounced>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateLedgerEpochAnnounced(builder, epoch, builder.CreateString(vkey));
      });
  draft.tags.emplace_back(kEpochTag);
  return draft;
}

Status destroy_other_epoch_keys(const std::filesystem::path& keys, std::uint64_t in_force) {
  std::error_code code;
  const std::filesystem::path keep = epoch_key_file(keys, in_force);
  for (const auto& file : std::filesystem::directory_iterator(keys, code)) {
    const std::string name = file.path().filename().string();
    if (name.starts_with("epoch-") && name.ends_with(".key") && file.path() != keep) {
      PH_TRY(destroy_key_file(file.path()));
    }
  }
  if (code) return Error{Code::kIo, "read " + keys.string() + ": " + code.message()};
  return {};
}

}  // namespace phantom
