#include "proxy/backoff.h"

#include "events/encoding.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace phantom {
namespace {

constexpr std::uint64_t kSecondsMax = 86'400ULL * 366;

std::optional<int> month_of(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::find(kMonths.begin(), kMonths.end(), name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<int>(found - kMonths.begin());
}

std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<std::int64_t> seconds_of_date(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  const auto day = digits(text.substr(5, 2));
  const auto month = month_of(text.substr(8, 3));
  const auto year = digits(text.substr(12, 4));
  const auto hour = digits(text.substr(17, 2));
  const auto minute = digits(text.substr(20, 2));
  const auto second = digits(text.substr(23, 2));
  if (!day || !month || !year || !hour || !minute || !second) return std::nullopt;
  std::tm time{};
  time.tm_mday = *day;
  time.tm_mon = *month;
  time.tm_year = *year - 1'900;
  time.tm_hour = *hour;
  time.tm_min = *minute;
  time.tm_sec = *second;
  return ::timegm(&time);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           std::int64_t now_ns) {
  if (const auto seconds = parse_decimal(text)) {
    return std::chrono::seconds(std::min(*seconds, kSecondsMax));
  }
  const auto date = seconds_of_date(text);
  if (!date) return std::nullopt;
  const std::int64_t now = now_ns / 1'000'000'000;
  const std::int64_t wait = std::clamp<std::int64_t>(*date - now, 0, kSecondsMax);
  return std::chrono::seconds(wait);
}

std::optional<std::chrono::milliseconds> wait_before_retry(
    const BackoffRule& rule, unsigned attempt, std::optional<std::chrono::milliseconds> asked,
    Random& random) {
  if (attempt >= rule.attempts_max) return std::nullopt;
  if (asked && *asked > rule.asked_max) return std::nullopt;
  std::chrono::milliseconds full = rule.first;
  for (unsigned i = 1; i < attempt && full < rule.longest; ++i) full *= 2;
  full = std::min(full, rule.longest);
  std::array<std::uint8_t, 4> bytes{};
  random.fill(bytes);
  const auto half = static_cast<std::uint64_t>(full.count()) / 2;
  const std::chrono::milliseconds wait(half + get_be32(bytes) % (half + 1));
  return asked ? std::max(wait, *asked) : wait;
}

}  // namespace phantom
