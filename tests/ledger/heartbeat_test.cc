#include "ledger/heartbeat.h"

#include "events/catalog.h"
#include "events/envelope.h"
#include "tests/support/fake_clock.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

using std::chrono::seconds;

class HeartbeatTest : public testing::Test {
 protected:
  Heartbeat make(Heartbeat::Announce announce, seconds interval = seconds(60)) {
    Heartbeat::Options options;
    options.recorder = "session";
    options.announce = announce;
    options.interval = interval;
    options.context.session = "0123";
    options.clock = &clock_;
    options.random = &random_;
    return Heartbeat(std::move(options), [this](const Draft& draft) {
      EXPECT_TRUE(check_draft(draft).ok());
      EXPECT_EQ(draft.occurred_ns, clock_.wall_ns());
      said_.push_back(find_event(draft.type)->name.substr(sizeof("recorder.") - 1));
      tags_ = draft.tags;
    });
  }
  void pass(seconds time) { clock_.advance(std::chrono::nanoseconds(time).count()); }

  FakeClock clock_;
  SeededRandom random_{1};
  std::vector<std::string> said_;
  std::vector<std::string> tags_;
};

using Words = std::vector<std::string>;

TEST_F(HeartbeatTest, ServiceSaysThatItStartsBeatsAndStops) {
  Heartbeat heartbeat = make(Heartbeat::Announce::kAtOnce);
  EXPECT_FALSE(heartbeat.until_due().has_value());
  heartbeat.start();
  EXPECT_EQ(*heartbeat.until_due(), seconds(60));
  pass(seconds(59));
  heartbeat.tick();
  EXPECT_EQ(said_, Words{"started"});
  pass(seconds(1));
  heartbeat.tick();
  heartbeat.tick();
  pass(seconds(60));
  heartbeat.tick();
  heartbeat.stop();
  EXPECT_EQ(said_, (Words{"started", "heartbeat", "heartbeat", "stopped"}));
  EXPECT_EQ(tags_, (Words{"session:0123", "recorder:session"}));
}

TEST_F(HeartbeatTest, SessionOfLessThanAnIntervalSaysNothing) {
  Heartbeat heartbeat = make(Heartbeat::Announce::kWithFirstBeat);
  heartbeat.start();
  pass(seconds(59));
  heartbeat.tick();
  heartbeat.stop();
  EXPECT_TRUE(said_.empty());
}

TEST_F(HeartbeatTest, LongerSessionAnnouncesItselfWithItsFirstBeat) {
  Heartbeat heartbeat = make(Heartbeat::Announce::kWithFirstBeat);
  heartbeat.start();
  pass(seconds(61));
  heartbeat.tick();
  heartbeat.stop();
  EXPECT_EQ(said_, (Words{"started", "heartbeat", "stopped"}));
}

TEST_F(HeartbeatTest, MachineThatSleptGetsOneBeatAndNotTheMissedOnes) {
  Heartbeat heartbeat = make(Heartbeat::Announce::kAtOnce);
  heartbeat.start();
  pass(seconds(600));
  heartbeat.tick();
  heartbeat.tick();
  EXPECT_EQ(said_, (Words{"started", "heartbeat"}));
  EXPECT_EQ(*heartbeat.until_due(), seconds(60));
}

TEST_F(HeartbeatTest, WithoutAnIntervalNothingIsEverSaid) {
  Heartbeat heartbeat = make(Heartbeat::Announce::kAtOnce, seconds(0));
  heartbeat.start();
  EXPECT_FALSE(heartbeat.until_due().has_value());
  heartbeat.tick();
  heartbeat.stop();
  EXPECT_TRUE(said_.empty());
}

}  // namespace
}  // namespace phantom
