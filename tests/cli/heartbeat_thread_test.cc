#include "cli/heartbeat_thread.h"

#include "events/catalog.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

using std::chrono::milliseconds;

// Takes what is sent and answers, or does not.
class DeafAppender final : public Appender {
 public:
  Result<Receipt> append(Draft) override { return Error{Code::kClosed, "not this way"}; }
  void append_async(Draft draft, AppendCallback done) override {
    {
      const std::lock_guard lock(mutex_);
      names_.push_back(find_event(draft.type)->name);
    }
    changed_.notify_all();
    if (answers_) done(Error{Code::kLimit, "the disk is full"});
  }
  void set_guard(DraftGuard) override {}
  Status close() override { return {}; }

  void never_answer() { answers_ = false; }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return names_.size() >= count; });
    return names_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> names_;  // guarded by mutex_
  bool answers_ = true;
};

Heartbeat::Options every(milliseconds interval) {
  Heartbeat::Options options;
  options.recorder = "session";
  options.announce = Heartbeat::Announce::kWithFirstBeat;
  options.interval = interval;
  return options;
}

TEST(HeartbeatThread, ThatCannotRecordGoesOnAndHoldsNothingUp) {
  DeafAppender full;
  DeafAppender hung;
  hung.never_answer();
  for (DeafAppender* appender : {&full, &hung}) {
    HeartbeatThread heartbeat(every(milliseconds(5)), *appender);
    const auto said = appender->wait_for(4);
    heartbeat.stop();
    ASSERT_GE(said.size(), 4U);
    EXPECT_EQ(said[0], "recorder.started");
    EXPECT_EQ(said[3], "recorder.heartbeat");
    EXPECT_EQ(appender->wait_for(0).back(), "recorder.stopped");
  }
}

TEST(HeartbeatThread, OfAShortRunSaysNothingAndStopsAtOnce) {
  DeafAppender appender;
  { const HeartbeatThread heartbeat(every(std::chrono::hours(1)), appender); }
  EXPECT_TRUE(appender.wait_for(0).empty());
}

TEST(ParseHeartbeat, TakesSecondsWithOrWithoutUnit) {
  const auto ms = [](const char* text) {
    const auto parsed = parse_heartbeat(text);
    return parsed.ok() ? std::chrono::duration_cast<milliseconds>(*parsed).count() : -1;
  };
  EXPECT_EQ(ms("60"), 60'000);
  EXPECT_EQ(ms("60s"), 60'000);
  EXPECT_EQ(ms("100ms"), 100);
  EXPECT_EQ(ms("5m"), 300'000);
  EXPECT_EQ(ms("0"), 0);
  EXPECT_EQ(ms("86400"), 86'400'000);
  for (const char* bad : {"", "s", "99ms", "86401", "1h", "-1", "1.5", "01", "60 s"}) {
    EXPECT_EQ(ms(bad), -1) << bad;
  }
}

}  // namespace
}  // namespace phantom
