#pragma once
// When a secret's time ends, as people write and read it. Pure.

#include "events/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace phantom {

// "90d", "12h" or "4w" from now; "2027-01-31" (midnight UTC) or RFC 3339; "never", which is 0.
// kInvalid for anything else and for a time that is over.
Result<std::int64_t> parse_expiry(std::string_view text, std::int64_t now_ns);

// Whole days from now, rounded down: 0 within the last day, negative when it is over.
std::int64_t days_left(std::int64_t expires_ns, std::int64_t now_ns);

// "never", "2027-01-31 (90 days left)", "2027-01-31 (expired)".
std::string expiry_words(std::int64_t expires_ns, std::int64_t now_ns);

}  // namespace phantom
