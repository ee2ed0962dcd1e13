#include "cli/expiry_words.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

constexpr std::int64_t kWordsNow = 1'790'000'000'000'000'000;  // 2026-09-21T14:13:20Z
constexpr std::int64_t kWordsDay = 86'400'000'000'000;

TEST(ExpiryWords, CountWholeDays) {
  EXPECT_EQ(days_left(kWordsNow + kWordsDay, kWordsNow), 1);
  EXPECT_EQ(days_left(kWordsNow + kWordsDay - 1, kWordsNow), 0);
  EXPECT_EQ(days_left(kWordsNow, kWordsNow), -1);
  EXPECT_EQ(days_left(kWordsNow - 1, kWordsNow), -1);
  EXPECT_EQ(days_left(kWordsNow - kWordsDay, kWordsNow), -2);
}

TEST(ExpiryWords, SayHowLong) {
  EXPECT_EQ(expiry_words(0, kWordsNow), "never");
  EXPECT_EQ(expiry_words(kWordsNow, kWordsNow), "2026-09-21 (expired)");
  EXPECT_EQ(expiry_words(kWordsNow + 2 * kWordsDay, kWordsNow), "2026-09-23 (2 days left)");
  EXPECT_EQ(expiry_words(kWordsNow + kWordsDay, kWordsNow), "2026-09-22 (1 day left)");
  EXPECT_EQ(expiry_words(kWordsNow + 1, kWordsNow), "2026-09-21 (less than a day left)");
}

}  // namespace
}  // namespace phantom
