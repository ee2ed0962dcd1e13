#pragma once
// How long to wait before a request is sent again. Pure but for the randomness passed in.

#include "events/random.h"

#include <chrono>
#include <optional>
#include <string_view>

namespace phantom {

struct BackoffRule {
  unsigned attempts_max = 5;
  std::chrono::milliseconds first{500};         // doubles with each attempt
  std::chrono::milliseconds longest{20'000};    // of a wait we choose
  std::chrono::milliseconds asked_max{60'000};  // of a wait the server asks for
};

// What a Retry-After field asks for: seconds, or a date in the preferred form of RFC 9110 5.6.7.
// None for anything else. A date that is past asks for no wait.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           std::int64_t now_ns);

// The wait after `attempt` attempts (1: the first has failed). None: give up, because there were
// enough of them or the server asks for more than the rule has patience for. The wait is between
// half and all of what the doubling says, never less than the server asks for.
std::optional<std::chrono::milliseconds> wait_before_retry(
    const BackoffRule& rule, unsigned attempt, std::optional<std::chrono::milliseconds> asked,
    Random& random);

}  // namespace phantom
