#include "ledger/anchor_events.h"

#include "events/producers.h"
#include "schema/events_generated.h"

namespace phantom {
namespace {

std::vector<std::uint8_t> bytes_of(const Digest& digest) { return {digest.begin(), digest.end()}; }

}  // namespace

bool is_about_anchors(EventNo type) {
  return type == event_no<schema::LedgerAnchored>() ||
         type == event_no<schema::LedgerAnchorFailed>() ||
         type == event_no<schema::LedgerAnchorConflict>() ||
         type == event_no<schema::LedgerPeerRecorded>();
}

Draft ledger_anchored(const Context& context, const AnchorSpec& anchor,
                      const Checkpoint& checkpoint, const Digest& receipt,
                      std::int64_t vouched_ns) {
  return make_draft<schema::LedgerAnchored>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    const std::vector<std::uint8_t> root = bytes_of(checkpoint.root);
    const std::vector<std::uint8_t> digest = bytes_of(receipt);
    return schema::CreateLedgerAnchoredDirect(builder, anchor.name.c_str(), anchor.kind.c_str(),
                                              checkpoint.size, &root, &digest,
                                              static_cast<std::uint64_t>(vouched_ns));
  });
}

Draft ledger_anchor_failed(const Context& context, const AnchorSpec& anchor, std::uint64_t size,
                           Reason reason) {
  Draft draft =
      make_draft<schema::LedgerAnchorFailed>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateLedgerAnchorFailedDirect(builder, anchor.name.c_str(),
                                                      anchor.kind.c_str(), size);
      });
  draft.outcome = Outcome::Failed;
  draft.reason = reason;
  return draft;
}

Draft ledger_anchor_conflict(const Context& context, const AnchorSpec& anchor, std::uint64_t size,
                             const AnchorHolds& other, const std::string& evidence) {
  Draft draft = make_draft<schema::LedgerAnchorConflict>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        const std::vector<std::uint8_t> root =
            other.root ? bytes_of(*other.root) : std::vector<std::uint8_t>();
        return schema::CreateLedgerAnchorConflictDirect(builder, anchor.name.c_str(),
                                                        anchor.kind.c_str(), size, other.size,
                                                        &root, evidence.c_str());
      });
  draft.outcome = Outcome::Failed;
  return draft;
}

Draft ledger_peer_recorded(const Context& context, const SignedCheckpoint& other) {
  return make_draft<schema::LedgerPeerRecorded>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        const std::vector<std::uint8_t> root = bytes_of(other.checkpoint.root);
        return schema::CreateLedgerPeerRecordedDirect(builder, other.checkpoint.origin.c_str(),
                                                      other.checkpoint.size, &root,
                                                      other.note.c_str());
      });
}

}  // namespace phantom
