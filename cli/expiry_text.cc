#include "cli/expiry_text.h"

#include "events/clock.h"
#include "events/encoding.h"
#include "events/entry_filter.h"

#include <variant>

namespace phantom {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr std::int64_t kDayNs = 24 * kHourNs;
constexpr std::int64_t kDaysMax = 3'650;

std::int64_t unit_of(char letter) {
  switch (letter) {
    case 'h':
      return kHourNs;
    case 'd':
      return kDayNs;
    case 'w':
      return 7 * kDayNs;
    default:
      return 0;
  }
}

Error no_time(std::string_view text) {
  return {Code::kInvalid, "\"" + escape_terminal(text) + "\" is no time a secret can end at",
          "say 30d, 12h, a date like 2030-12-31, now or never"};
}

}  // namespace

Result<std::int64_t> parse_expiry(std::string_view text, std::int64_t now_ns) {
  if (text == "never") return std::int64_t{0};
  if (text == "now") return now_ns;
  if (const std::int64_t unit_ns = text.empty() ? 0 : unit_of(text.back()); unit_ns != 0) {
    const auto number = parse_decimal(text.substr(0, text.size() - 1));
    const std::int64_t most = kDaysMax * kDayNs / unit_ns;
    if (!number || *number == 0 || *number > static_cast<std::uint64_t>(most)) {
      return no_time(text);
    }
    return now_ns + static_cast<std::int64_t>(*number) * unit_ns;
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

std::int64_t days_left(std::int64_t expires_ns, std::int64_t now_ns) {
  const std::int64_t left = expires_ns - now_ns;
  return left > 0 ? left / kDayNs : left / kDayNs - 1;
}

std::string expiry_words(std::int64_t expires_ns, std::int64_t now_ns) {
  if (expires_ns == 0) return "never";
  const std::string date = format_time(expires_ns).substr(0, 10);
  if (expires_ns <= now_ns) return date + " (expired)";
  const std::int64_t days = days_left(expires_ns, now_ns);
  if (days == 0) return date + " (less than a day left)";
  return date + " (" + std::to_string(days) + (days == 1 ? " day left)" : " days left)");
}

std::string expiry_text(std::int64_t expires_ns) {
  return expires_ns == 0 ? "never" : format_time(expires_ns);
}

}  // namespace phantom
