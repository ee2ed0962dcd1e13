#include "cli/expiry_text.h"

#include "tests/support/fake_clock.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

constexpr std::int64_t kNow = FakeClock::kStartNs;  // 2026-01-02T03:04:05.678Z
constexpr std::int64_t kHourNs = 3'600'000'000'000;

TEST(ExpiryText, EveryFormGivesOneMoment) {
  EXPECT_EQ(*parse_expiry("never", kNow), 0);
  EXPECT_EQ(*parse_expiry("now", kNow), kNow);
  EXPECT_EQ(*parse_expiry("30d", kNow), kNow + 30 * 24 * kHourNs);
  EXPECT_EQ(*parse_expiry("12h", kNow), kNow + 12 * kHourNs);
  EXPECT_EQ(expiry_text(*parse_expiry("2026-01-03", kNow)), "2026-01-03T00:00:00.000000000Z");
  EXPECT_EQ(expiry_text(*parse_expiry("2026-01-02T05:00:00+01:00", kNow)),
            "2026-01-02T04:00:00.000000000Z");
  EXPECT_EQ(expiry_text(0), "never");
}

TEST(ExpiryText, WhatIsUnclearOrOverIsRefused) {
  for (const char* text :
       {"", "d", "0d", "-1d", "3651d", "99999999999999999999d", "1.5d", "12", "30 d", "30D", "soon",
        "2026-13-01", "2026-01-02", "2020-01-01", "2026-01-02T03:04:05Z", "Never"}) {
    const auto end = parse_expiry(text, kNow);
    ASSERT_FALSE(end.ok()) << text;
    EXPECT_EQ(end.error().code, Code::kInvalid) << text;
  }
}

}  // namespace
}  // namespace phantom
