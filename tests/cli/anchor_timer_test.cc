#include "cli/anchor_timer.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

using std::chrono::seconds;

TEST(AnchorTimer, LooksAsOftenAsTheIntervalWithinBounds) {
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  EXPECT_EQ(anchor_wait(10 * kSecondNs), seconds(10));
  EXPECT_EQ(anchor_wait(1), seconds(1));
  EXPECT_EQ(anchor_wait(86'400 * kSecondNs), seconds(30));
}

TEST(AnchorTimer, WithoutAPolicyThereIsNoThreadAndStopIsNothing) {
  AnchorTimer timer({Home{"/nonexistent/phantom"}, {}, nullptr, nullptr});
  timer.stop();
  timer.stop();
}

}  // namespace
}  // namespace phantom
