#pragma once
// How much of a secret's time is left, as people read it. Pure.

#include <cstdint>
#include <string>

namespace phantom {

// Whole days from now, rounded down: 0 within the last day, negative when it is over.
std::int64_t days_left(std::int64_t expires_ns, std::int64_t now_ns);

// "never", "2027-01-31 (90 days left)", "2027-01-31 (expired)".
std::string expiry_words(std::int64_t expires_ns, std::int64_t now_ns);

}  // namespace phantom
