#pragma once
// The end of a secret's time as people write it. Pure.

#include "events/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace phantom {

// never: 0 · now: `now_ns` · 30d or 12h from now, at most 3,650 days · 2026-12-31 (its first
// moment, UTC) or an RFC 3339 time, in the future. In ns since 1970. kInvalid for anything else.
Result<std::int64_t> parse_expiry(std::string_view text, std::int64_t now_ns);

// "never", or a time.
std::string expiry_text(std::int64_t expires_ns);

}  // namespace phantom
