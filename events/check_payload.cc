// Payloads are checked by the verifiers that the schema compiler wrote, one per table: every event
// of a ledger passes here, and walking the reflected schema takes many times as long.

#include "events/catalog.h"
#include "events/catalog_schema.h"
#include "events/limits.h"
#include "schema/events_generated.h"

namespace phantom {
namespace {

namespace fb = flatbuffers;

constexpr fb::uoffset_t kDepthMax = 8;
// A table takes an offset in the payload, so no entry has room for more.
constexpr fb::uoffset_t kTablesMax = kEntryBytesMax / sizeof(fb::uoffset_t);

// A smaller payload cannot say very much, whatever it does.
constexpr std::size_t kListsLookedAtBytes = 1'024;

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

std::size_t bytes_of_texts(const flatbuffers::Table& table, const reflection::Object& object) {
  std::size_t bytes = 0;
  for (const reflection::Field* field : *object.fields()) {
    if (field->type()->base_type() != reflection::String) continue;
    const auto* text = flatbuffers::GetFieldS(table, *field);
    if (text != nullptr) bytes += text->size();
  }
  return bytes;
}

// What the lists of a verified payload hold. The items of a list may all be one and the same piece
// of the buffer, which then says more than it has bytes; an encoder never does that. A list is of
// texts, or of tables of texts and numbers.
std::size_t bytes_of_lists(const flatbuffers::Table& table, const reflection::Object& object) {
  using Text = flatbuffers::Offset<flatbuffers::String>;
  using Row = flatbuffers::Offset<flatbuffers::Table>;
  constexpr std::size_t kItemBytesMin = 8;  // its offset, and its length or layout
  std::size_t bytes = 0;
  for (const reflection::Field* field : *object.fields()) {
    if (field->type()->base_type() != reflection::Vector) continue;
    if (field->type()->element() == reflection::String) {
      const auto* texts = flatbuffers::GetFieldV<Text>(table, *field);
      if (texts == nullptr) continue;
      for (const auto* text : *texts) bytes += kItemBytesMin + text->size();
    } else if (field->type()->element() == reflection::Obj) {
      const auto* rows = flatbuffers::GetFieldV<Row>(table, *field);
      if (rows == nullptr) continue;
      const auto& type =
          *reflected_schema().objects()->Get(static_cast<unsigned>(field->type()->index()));
      for (const auto* row : *rows) bytes += kItemBytesMin + bytes_of_texts(*row, type);
    }
  }
  return bytes;
}

bool lists_overlap(EventNo no, ByteView payload) {
  const reflection::Object& table = *reflected_table(find_event(no)->table);
  return bytes_of_lists(*flatbuffers::GetAnyRoot(payload.data()), table) > payload.size();
}

}  // namespace

Status check_payload(EventNo no, ByteView payload) {
  const PayloadVerifier verify = payload_verifier(no);
  if (verify == nullptr) {
    return Error{Code::kUnsupported, "event type " + std::to_string(no) + " is not known here",
                 "use a newer phantom"};
  }
  if (payload.size() < kPayloadBytesMin || !verify(payload) ||
      (payload.size() > kListsLookedAtBytes && lists_overlap(no, payload))) {
    return Error{Code::kCorrupt, "payload is not a " + find_event(no)->name};
  }
  return {};
}

}  // namespace phantom
