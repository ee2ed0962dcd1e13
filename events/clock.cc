#include "events/clock.h"

#include <chrono>
#include <ctime>
#include <fstream>

namespace phantom {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::int64_t read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return std::int64_t{now.tv_sec} * kNsPerSecond + now.tv_nsec;
}

std::string read_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id.empty() ? "unknown" : id;
}

class SystemClock final : public Clock {
 public:
  std::int64_t wall_ns() const override { return read_clock(CLOCK_REALTIME); }
  std::int64_t mono_ns() const override { return read_clock(CLOCK_BOOTTIME); }
  const std::string& boot_id() const override { return boot_id_; }

 private:
  std::string boot_id_ = read_boot_id();
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string format_time(std::int64_t wall_ns) {
  std::int64_t seconds = wall_ns / kNsPerSecond;
  std::int64_t rest = wall_ns % kNsPerSecond;
  if (rest < 0) {
    rest += kNsPerSecond;
    --seconds;
  }
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text = "0000-00-00T00:00:00.000000000Z";
  const auto put = [&text](std::size_t last, std::int64_t value, int digits) {
    for (; digits > 0; --digits, value /= 10) text[last--] = static_cast<char>('0' + value % 10);
  };
  put(3, static_cast<int>(date.year()), 4);  // 1677 to 2262: more ns there are not
  put(6, static_cast<unsigned>(date.month()), 2);
  put(9, static_cast<unsigned>(date.day()), 2);
  put(12, clock.hours().count(), 2);
  put(15, clock.minutes().count(), 2);
  put(18, clock.seconds().count(), 2);
  put(28, rest, 9);
  return text;
}

}  // namespace phantom
