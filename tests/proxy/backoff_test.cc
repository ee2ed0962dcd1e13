#include "proxy/backoff.h"

#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, WaitsDoubleUpToALimitAndEndAfterTheLastAttempt) {
  SeededRandom random(1);
  const BackoffRule rule{.attempts_max = 8, .first = 500ms, .longest = 4'000ms};
  const std::vector<std::chrono::milliseconds> full = {500ms,   1'000ms, 2'000ms, 4'000ms,
                                                       4'000ms, 4'000ms, 4'000ms};
  for (unsigned attempt = 1; attempt < rule.attempts_max; ++attempt) {
    for (int i = 0; i < 50; ++i) {
      const auto wait = wait_before_retry(rule, attempt, {}, random);
      ASSERT_TRUE(wait.has_value());
      EXPECT_GE(*wait, full[attempt - 1] / 2);
      EXPECT_LE(*wait, full[attempt - 1]);
    }
  }
  EXPECT_FALSE(wait_before_retry(rule, rule.attempts_max, {}, random).has_value());
}

TEST(Backoff, WaitsDiffer) {
  SeededRandom random(7);
  const auto first = wait_before_retry({}, 3, {}, random);
  bool differs = false;
  for (int i = 0; i < 10; ++i) differs = differs || wait_before_retry({}, 3, {}, random) != first;
  EXPECT_TRUE(differs);
}

TEST(Backoff, WhatTheServerAsksForIsHonouredWithinBounds) {
  SeededRandom random(1);
  EXPECT_EQ(wait_before_retry({}, 1, 7s, random), 7s);
  EXPECT_GE(*wait_before_retry({}, 1, 0s, random), 250ms);
  EXPECT_EQ(wait_before_retry({}, 1, 60s, random), 60s);
  EXPECT_FALSE(wait_before_retry({}, 1, 61s, random).has_value());
  EXPECT_FALSE(wait_before_retry({}, 5, 1s, random).has_value());
}

TEST(Backoff, RetryAfterIsSecondsOrADate) {
  const std::int64_t now = 784'111'777LL * 1'000'000'000;  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(parse_retry_after("0", now), 0s);
  EXPECT_EQ(parse_retry_after("120", now), 120s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), 10s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:27 GMT", now), 0s);
  EXPECT_GT(parse_retry_after("18446744073709551615", now), 86'400s);
  for (const char* bad : {"", "-1", "1.5", "soon", "1 ", "Sun, 06 Nov 1994 08:49:47 CET",
                          "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:47 GMT"}) {
    EXPECT_FALSE(parse_retry_after(bad, now).has_value()) << bad;
  }
}

}  // namespace
}  // namespace phantom
