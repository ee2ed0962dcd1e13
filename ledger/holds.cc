#include "ledger/holds.h"

#include "events/envelope.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include <algorithm>
#include <map>

namespace phantom {
namespace {

constexpr std::size_t kNameBytesMax = 64;

std::string text(const flatbuffers::String* value) {
  return value == nullptr ? std::string() : value->str();
}

// One step of the fold.
Status take(std::map<std::string, Hold>& holds, const Bytes& bytes) {
  PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
  const Bytes payload(entry->payload()->begin(), entry->payload()->end());
  PH_TRY(check_payload(entry->type(), payload));
  if (entry->type() == event_no<schema::AuditHoldReleased>()) {
    holds.erase(text(flatbuffers::GetRoot<schema::AuditHoldReleased>(payload.data())->hold()));
    return {};
  }
  if (entry->type() != event_no<schema::AuditHoldAdded>()) return {};
  const auto* added = flatbuffers::GetRoot<schema::AuditHoldAdded>(payload.data());
  Hold hold;
  hold.name = text(added->hold());
  hold.query = text(added->query());
  auto filter = parse_query(hold.query);
  if (!filter.ok()) {
    return Error{Code::kCorrupt,
                 "what the hold " + hold.name + " covers cannot be read: " + filter.error().message,
                 "a newer phantom may know; nothing is removed until then"};
  }
  hold.filter = std::move(*filter);
  hold.added = entry->seq();
  hold.added_ns = entry->time_ns();
  holds[hold.name] = std::move(hold);
  return {};
}

void file(Draft& draft, const std::string& name, std::optional<Seq> last) {
  draft.tags.emplace_back(kHoldsTag);
  draft.tags.push_back(hold_tag(name));
  draft.conditions.push_back({hold_tag(name), last});
}

}  // namespace

Result<std::vector<Hold>> read_holds(const LedgerReader& reader) {
  std::vector<Bytes> events;  // newest first
  PH_TRY(reader.history(kHoldsTag, [&](Seq, const Bytes& bytes) {
    events.push_back(bytes);
    return true;
  }));
  std::map<std::string, Hold> holds;
  for (auto event = events.rbegin(); event != events.rend(); ++event) PH_TRY(take(holds, *event));
  std::vector<Hold> in_force;
  for (auto& [name, hold] : holds) in_force.push_back(std::move(hold));
  return in_force;
}

bool is_hold_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
         });
}

Draft hold_added(const Context& context, const std::string& name, const std::string& query,
                 std::optional<Seq> last) {
  Draft draft =
      make_draft<schema::AuditHoldAdded>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateAuditHoldAdded(builder, builder.CreateString(name),
                                            builder.CreateString(query));
      });
  file(draft, name, last);
  return draft;
}

Draft hold_released(const Context& context, const std::string& name, std::optional<Seq> last) {
  Draft draft =
      make_draft<schema::AuditHoldReleased>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateAuditHoldReleased(builder, builder.CreateString(name));
      });
  file(draft, name, last);
  return draft;
}

}  // namespace phantom
