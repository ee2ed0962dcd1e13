#include "ledger/lifecycle_events.h"

#include "events/limits.h"
#include "events/producers.h"
#include "schema/events_generated.h"

namespace phantom {
namespace {

std::vector<std::uint8_t> bytes_of(const Digest& digest) { return {digest.begin(), digest.end()}; }

}  // namespace

Draft ledger_restored(const Context& context, const Checkpoint& restored,
                      const std::optional<Loss>& loss) {
  Draft draft =
      make_draft<schema::LedgerRestored>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        const std::vector<std::uint8_t> root = bytes_of(restored.root);
        const std::vector<std::uint8_t> lost =
            loss ? bytes_of(loss->lost.root) : std::vector<std::uint8_t>();
        return schema::CreateLedgerRestoredDirect(builder, restored.size, &root,
                                                  loss ? loss->lost.size : 0, &lost,
                                                  loss ? "accepted" : "none");
      });
  if (loss && !loss->reason.empty()) {
    draft.to_seal.push_back({"reason", loss->reason.substr(0, kSealedPlainBytesMax)});
  }
  return draft;
}

Draft ledger_repaired(const Context& context, const std::vector<std::string>& findings,
                      const std::string& evidence) {
  return make_draft<schema::LedgerRepaired>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    return schema::CreateLedgerRepaired(builder, builder.CreateVectorOfStrings(findings),
                                        builder.CreateString(evidence));
  });
}

Draft ledger_disk_low(const Context& context, std::uint64_t free_bytes,
                      std::uint64_t needed_bytes) {
  return make_draft<schema::LedgerDiskLow>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    return schema::CreateLedgerDiskLow(builder, free_bytes, needed_bytes);
  });
}

}  // namespace phantom
