#include "cli/expiry_words.h"

#include "events/clock.h"

namespace phantom {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;

}  // namespace

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
