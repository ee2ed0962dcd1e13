// Payloads are checked by the verifiers that the schema compiler wrote, one per table: every event
// of a ledger passes here, and walking the reflected schema takes many times as long.

#include "events/catalog.h"
#include "events/limits.h"
#include "schema/events_generated.h"

namespace phantom {
namespace {

namespace fb = flatbuffers;

constexpr std::size_t kBytesMin = 8;  // a root offset and the smallest table
constexpr fb::uoffset_t kDepthMax = 8;
// A table takes an offset in the payload, so no entry has room for more.
constexpr fb::uoffset_t kTablesMax = kEntryBytesMax / sizeof(fb::uoffset_t);

using PayloadVerifier = bool (*)(ByteView payload);

template <class Table>
bool verify_payload(ByteView payload) {
  fb::Verifier verifier(payload.data(), payload.size(), kDepthMax, kTablesMax);
  return verifier.VerifyBuffer<Table>(nullptr);
}

// nullptr: no such event type. The table comes from the schema at build time.
PayloadVerifier payload_verifier(EventNo no) {
  switch (no) {
#define PH_EVENT_TABLE(number, table) \
  case number:                        \
    return verify_payload<schema::table>;
#include "schema/event_tables.inc"
#undef PH_EVENT_TABLE
    default:
      return nullptr;
  }
}

}  // namespace

Status check_payload(EventNo no, ByteView payload) {
  const PayloadVerifier verify = payload_verifier(no);
  if (verify == nullptr) {
    return Error{Code::kUnsupported, "event type " + std::to_string(no) + " is not known here",
                 "use a newer phantom"};
  }
  if (payload.size() < kBytesMin || !verify(payload)) {
    return Error{Code::kCorrupt, "payload is not a " + find_event(no)->name};
  }
  return {};
}

}  // namespace phantom
