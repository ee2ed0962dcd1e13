#include "cli/expiry_text.h"

#include "events/clock.h"
#include "events/encoding.h"
#include "events/entry_filter.h"

#include <variant>

namespace phantom {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr std::int64_t kDayNs = 24 * kHourNs;
constexpr std::uint64_t kDaysMax = 3'650;

Error no_time(std::string_view text) {
  return {Code::kInvalid, "\"" + escape_terminal(text) + "\" is no time a secret can end at",
          "say 30d, 12h, a date like 2030-12-31, now or never"};
}

}  // namespace

Result<std::int64_t> parse_expiry(std::string_view text, std::int64_t now_ns) {
  if (text == "never") return std::int64_t{0};
  if (text == "now") return now_ns;
  if (text.ends_with('d') || text.ends_with('h')) {
    const auto number = parse_decimal(text.substr(0, text.size() - 1));
    const std::uint64_t most = text.ends_with('d') ? kDaysMax : kDaysMax * 24;
    if (!number || *number == 0 || *number > most) return no_time(text);
    return now_ns + static_cast<std::int64_t>(*number) * (text.ends_with('d') ? kDayNs : kHourNs);
  }
  const auto point = parse_log_point(text);
  // A bare number would be the number of an event.
  if (!point.ok() || !std::holds_alternative<TimePoint>(*point)) return no_time(text);
  const std::int64_t end_ns = std::get<TimePoint>(*point).time_ns;
  if (end_ns <= now_ns) {
    return Error{Code::kInvalid, format_time(end_ns) + " is over already",
                 "to stop the use of a secret at once, say now"};
  }
  return end_ns;
}

std::string expiry_text(std::int64_t expires_ns) {
  return expires_ns == 0 ? "never" : format_time(expires_ns);
}

}  // namespace phantom
