#pragma once
// Randomness, passed in so that tests decide it.

#include "events/clock.h"
#include "events/types.h"

#include <span>

namespace phantom {

struct Random {
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

// The kernel's generator. Lives as long as the process; safe from several threads.
Random& system_random();

// RFC 9562 UUIDv7: milliseconds since 1970, then random bits.
EventId make_event_id(const Clock& clock, Random& random);

}  // namespace phantom
