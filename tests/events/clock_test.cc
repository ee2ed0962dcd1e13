#include "events/clock.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(Clock, FormatsNanosecondsInUtc) {
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(format_time(1), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(format_time(951'782'400'000'000'000), "2000-02-29T00:00:00.000000000Z");
  EXPECT_EQ(format_time(1'795'458'960'123'456'789), "2026-11-23T18:36:00.123456789Z");
  EXPECT_EQ(format_time(INT64_MAX), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(format_time(INT64_MIN), "1677-09-21T00:12:43.145224192Z");
}

TEST(Clock, MonotonicTimeDoesNotGoBackAndTheBootHasAName) {
  const Clock& clock = system_clock();
  std::int64_t before = clock.mono_ns();
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t now = clock.mono_ns();
    ASSERT_GE(now, before);
    before = now;
  }
  EXPECT_GT(clock.wall_ns(), 1'700'000'000'000'000'000);
  EXPECT_FALSE(clock.boot_id().empty());
  EXPECT_EQ(clock.boot_id(), system_clock().boot_id());
}

}  // namespace
}  // namespace phantom
