#pragma once
// How far an event let a secret come to light. Pure.

#include "events/payload.h"

namespace phantom {

// That of the event's type, when the event names a secret and took place. An event that was denied
// or failed exposed nothing; one whose end is unknown counts as if it had ended well.
// `payload` has read `entry`. kNone for a type this program does not know.
Exposure exposure_of(const schema::Entry& entry, const Payload& payload);

}  // namespace phantom
