#include "cli/expiry_text.h"

#include "events/clock.h"
#include "events/encoding.h"
#include "events/entry_filter.h"

namespace phantom {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr std::int64_t kDayNs = 24 * kHourNs;
constexpr std::uint64_t kDaysMax = 36'525;  // a hundred years

Error no_expiry() {
  return {Code::kInvalid, "that is no end of a secret's time",
          "say for example 90d, 12h, 2027-01-31 or never"};
}

}  // namespace

Result<std::int64_t> parse_expiry(std::string_view text, std::int64_t now_ns) {
  if (text == "never") return std::int64_t{0};
  if (text.empty()) return no_expiry();
  const char unit = text.back();
  if (unit == 'd' || unit == 'h' || unit == 'w') {
    const auto count = parse_decimal(text.substr(0, text.size() - 1));
    const std::int64_t unit_ns = unit == 'h' ? kHourNs : unit == 'd' ? kDayNs : 7 * kDayNs;
    if (!count || *count == 0) return no_expiry();
    if (*count > kDaysMax * static_cast<std::uint64_t>(kDayNs / kHourNs) ||
        static_cast<std::int64_t>(*count) >
            static_cast<std::int64_t>(kDaysMax) * kDayNs / unit_ns) {
      return Error{Code::kInvalid, "a secret's time ends within a hundred years, or never"};
    }
    return now_ns + static_cast<std::int64_t>(*count) * unit_ns;
  }
  const Result<LogPoint> point = parse_log_point(text);
  const auto* time = point.ok() ? std::get_if<TimePoint>(&*point) : nullptr;
  if (time == nullptr) return no_expiry();
  if (time->time_ns <= now_ns) {
    return Error{Code::kInvalid, "that time is over", "name a time to come"};
  }
  return time->time_ns;
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

}  // namespace phantom
