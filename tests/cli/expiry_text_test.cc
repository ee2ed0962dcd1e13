#include "cli/expiry_text.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

constexpr std::int64_t kExpiryNow = 1'790'000'000'000'000'000;  // 2026-09-21T14:13:20Z
constexpr std::int64_t kExpiryDay = 86'400'000'000'000;

TEST(ExpiryText, ReadsWhatPeopleWrite) {
  EXPECT_EQ(*parse_expiry("never", kExpiryNow), 0);
  EXPECT_EQ(*parse_expiry("90d", kExpiryNow), kExpiryNow + 90 * kExpiryDay);
  EXPECT_EQ(*parse_expiry("12h", kExpiryNow), kExpiryNow + kExpiryDay / 2);
  EXPECT_EQ(*parse_expiry("4w", kExpiryNow), kExpiryNow + 28 * kExpiryDay);
  EXPECT_EQ(*parse_expiry("2026-09-22", kExpiryNow), 1'790'035'200'000'000'000);
}

TEST(ExpiryText, RefusesWhatSaysNothingAndWhatIsOver) {
  for (const char* text : {"", "d", "0d", "-1d", "1.5d", "90", "90 d", "soon", "2020-01-01",
                           "999999999d", "99999999999999999999d", "1y"}) {
    const auto parsed = parse_expiry(text, kExpiryNow);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalid) << text;
  }
}

TEST(ExpiryText, CountsWholeDays) {
  EXPECT_EQ(days_left(kExpiryNow + kExpiryDay, kExpiryNow), 1);
  EXPECT_EQ(days_left(kExpiryNow + kExpiryDay - 1, kExpiryNow), 0);
  EXPECT_EQ(days_left(kExpiryNow, kExpiryNow), -1);
  EXPECT_EQ(days_left(kExpiryNow - 1, kExpiryNow), -1);
  EXPECT_EQ(days_left(kExpiryNow - kExpiryDay, kExpiryNow), -2);
}

TEST(ExpiryText, SaysHowLong) {
  EXPECT_EQ(expiry_words(0, kExpiryNow), "never");
  EXPECT_EQ(expiry_words(kExpiryNow, kExpiryNow), "2026-09-21 (expired)");
  EXPECT_EQ(expiry_words(kExpiryNow + 2 * kExpiryDay, kExpiryNow), "2026-09-23 (2 days left)");
  EXPECT_EQ(expiry_words(kExpiryNow + kExpiryDay, kExpiryNow), "2026-09-22 (1 day left)");
  EXPECT_EQ(expiry_words(kExpiryNow + 1, kExpiryNow), "2026-09-21 (less than a day left)");
}

}  // namespace
}  // namespace phantom
