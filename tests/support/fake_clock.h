#pragma once
// A clock that moves only when the test says so.

#include "events/clock.h"

#include <string>

namespace phantom {

class FakeClock final : public Clock {
 public:
  // 2026-01-02T03:04:05.678Z
  static constexpr std::int64_t kStartNs = 1'767'323'045'678'000'000;

  explicit FakeClock(std::int64_t wall_ns = kStartNs) : wall_ns_(wall_ns) {}

  std::int64_t wall_ns() const override { return wall_ns_; }
  std::int64_t mono_ns() const override { return mono_ns_; }
  const std::string& boot_id() const override { return boot_id_; }

  // Time passes: both clocks move.
  void advance(std::int64_t ns) {
    wall_ns_ += ns;
    mono_ns_ += ns;
  }
  // Somebody sets the wall clock, forward or back.
  void set_wall_ns(std::int64_t wall_ns) { wall_ns_ = wall_ns; }

 private:
  std::int64_t wall_ns_;
  std::int64_t mono_ns_ = 1'000'000'000;
  std::string boot_id_ = "00000000-0000-4000-8000-00000000b007";
};

}  // namespace phantom
