#include "vault/secret_history.h"

#include "events/catalog.h"
#include "schema/events_generated.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>

namespace phantom {
namespace {

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

// A copy of its own is aligned as FlatBuffers wants it.
Result<Bytes> payload_of(const schema::Entry& entry) {
  Bytes payload(entry.payload()->begin(), entry.payload()->end());
  PH_TRY(check_payload(entry.type(), payload));
  return payload;
}

}  // namespace

void UseCount::add(std::int64_t time_ns) {
  ++count;
  // Events come newest first.
  if (!last_ns) last_ns = time_ns;
}

Result<SecretHistoryFold::Next> SecretHistoryFold::add_change(const schema::Entry& entry) {
  // A change that did not take place, or of which nobody knows, is no part of the history.
  const auto end = completed_.find(entry.seq());
  const bool done = end != completed_.end() && end->second == Outcome::Ok;
  if (end != completed_.end()) completed_.erase(end);
  if (!done) return Next::kGoOn;
  PH_ASSIGN(const Bytes payload, payload_of(entry));
  const auto* change = flatbuffers::GetRoot<schema::VaultChangeRequested>(payload.data());
  if (change->changes() == nullptr) return Next::kGoOn;
  for (const schema::SecretChange* part : *change->changes()) {
    const std::string name = text_of(part->secret_name());
    const std::string former = text_of(part->former_name());
    if (name != name_ && former != name_) continue;
    ++history_.changes_count;
    if (history_.changes.size() < kHistoryChangesMax) {
      history_.changes.push_back({entry.seq(), entry.time_ns(), text_of(part->action()),
                                  text_of(change->source()), part->version(), name, former,
                                  static_cast<std::int64_t>(part->expires_ns())});
    }
    if (name != name_ || former.empty()) continue;
    history_.former_names.push_back(former);
    name_ = former;
    return Next::kNameChanged;
  }
  return Next::kGoOn;
}

Result<SecretHistoryFold::Next> SecretHistoryFold::add(const schema::Entry& entry) {
  const EventNo type = entry.type();
  const std::int64_t time_ns = entry.time_ns();
  const bool ok = entry.outcome() == Outcome::Ok;
  if (type == event_no<schema::VaultChangeCompleted>()) {
    if (entry.cause_seq()) completed_.emplace(*entry.cause_seq(), entry.outcome());
  } else if (type == event_no<schema::VaultChangeRequested>()) {
    return add_change(entry);
  } else if (type == event_no<schema::SecretOpened>()) {
    PH_ASSIGN(const Bytes payload, payload_of(entry));
    const auto* opened = flatbuffers::GetRoot<schema::SecretOpened>(payload.data());
    history_.opened[text_of(opened->purpose())].add(time_ns);
  } else if (type == event_no<schema::SecretRevealCompleted>()) {
    if (ok) history_.revealed.add(time_ns);
  } else if (type == event_no<schema::SecretExportCompleted>()) {
    if (ok) history_.exported.add(time_ns);
  } else if (type == event_no<schema::ProxyRequestRequested>()) {
    history_.requests.add(time_ns);
  } else if (type == event_no<schema::ProxyRequestDenied>()) {
    history_.denied.add(time_ns);
  } else if (type == event_no<schema::SyncItemCompleted>()) {
    if (ok) history_.synced.add(time_ns);
  } else if (type == event_no<schema::SessionStarted>()) {
    history_.sessions.add(time_ns);
  } else if (type == event_no<schema::SecretExpired>()) {
    history_.expired.add(time_ns);
  }
  return Next::kGoOn;
}

}  // namespace phantom
