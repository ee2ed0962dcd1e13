#pragma once
// Time, passed in so that tests decide it.

#include <cstdint>
#include <string>

namespace phantom {

struct Clock {
  virtual ~Clock() = default;
  virtual std::int64_t wall_ns() const = 0;  // since 1970-01-01, UTC
  virtual std::int64_t mono_ns() const = 0;  // since boot, never goes back
  virtual const std::string& boot_id() const = 0;
};

// The machine's clocks. Lives as long as the process.
const Clock& system_clock();

// 2026-11-23T18:16:00.123456789Z
std::string format_time(std::int64_t wall_ns);

}  // namespace phantom
