#include "events/exposure.h"

namespace phantom {

Exposure exposure_of(const schema::Entry& entry, const Payload& payload) {
  if (entry.outcome() == Outcome::Denied || entry.outcome() == Outcome::Failed) {
    return Exposure::kNone;
  }
  const EventInfo* info = find_event(entry.type());
  if (info == nullptr || payload.secrets().empty()) return Exposure::kNone;
  return info->exposure;
}

}  // namespace phantom
