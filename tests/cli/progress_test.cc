#include "cli/progress.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(Progress, LineSaysShareAndCounts) {
  EXPECT_EQ(progress_line(0, 200, "events"), "[........................] 0%  0 of 200 events");
  EXPECT_EQ(progress_line(100, 200, "events"), "[############............] 50%  100 of 200 events");
  EXPECT_EQ(progress_line(200, 200, "events"),
            "[########################] 100%  200 of 200 events");
  EXPECT_EQ(progress_line(0, 0, "events"), "[########################] 100%  0 of 0 events");
  EXPECT_EQ(progress_line(300, 200, "events"),
            "[########################] 100%  200 of 200 events");
}

}  // namespace
}  // namespace phantom
