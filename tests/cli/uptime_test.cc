#include "cli/uptime.h"

#include "cli/session_events.h"
#include "events/envelope.h"
#include "ledger/heartbeat.h"
#include "ledger/lifecycle_events.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Times in seconds. A word is what happens: the tests read like a log.
class Log {
 public:
  explicit Log(std::chrono::seconds interval = std::chrono::seconds(60)) : interval_(interval) {}

  Log& service_starts(std::int64_t at) {
    return add(at, recorder_started({}, "service", interval_));
  }
  Log& service_beats(std::int64_t at) { return add(at, recorder_heartbeat({}, "service", 1)); }
  Log& service_stops(std::int64_t at) { return add(at, recorder_stopped({}, "service", 1)); }
  Log& submitter_says_it_stops(std::int64_t at) {
    return add(at, recorder_stopped({}, "service", 1), Peer{1000, 7});
  }
  Log& session_starts(std::int64_t at, const std::string& id) {
    return add(at, session_started(session(id), {}));
  }
  Log& session_announces(std::int64_t at, const std::string& id) {
    return add(at, recorder_started(session(id), "session", interval_));
  }
  Log& session_beats(std::int64_t at, const std::string& id) {
    return add(at, recorder_heartbeat(session(id), "session", 1));
  }
  Log& session_ends(std::int64_t at, const std::string& id) {
    return add(at, session_ended(session(id), {}, 0));
  }
  Log& disk_is_full(std::int64_t at) { return add(at, ledger_disk_low({}, 1, 2)); }

  Log& earlier_events_were_removed(std::int64_t at) {
    fold_.begin_at(at * kSecond);
    return *this;
  }

  // "0-60 up, 60-90 down"
  std::string read(std::int64_t from, std::int64_t to) const {
    std::string text;
    for (const UpInterval& each : uptime(from, to).intervals) {
      text += (text.empty() ? "" : ", ") + std::to_string(each.from_ns / kSecond) + "-" +
              std::to_string(each.to_ns / kSecond) + " " + up_state_name(each.state);
    }
    return text;
  }
  Uptime uptime(std::int64_t from, std::int64_t to) const {
    return fold_.finish(from * kSecond, to * kSecond);
  }

 private:
  static Context session(const std::string& id) {
    Context context;
    context.session = id;
    return context;
  }
  Log& add(std::int64_t at, Draft draft, std::optional<Peer> peer = std::nullopt) {
    draft.id[0] = 1;
    draft.to_seal.clear();
    Sequencing sequencing;
    sequencing.time_ns = at * kSecond;
    sequencing.peer = peer;
    sequencing.tag_links.resize(draft.tags.size());
    const Bytes bytes = *encode_entry(draft, sequencing);
    EXPECT_TRUE(fold_.take(**parse_entry(bytes)).ok());
    return *this;
  }

  std::chrono::seconds interval_;
  UptimeFold fold_;
};

TEST(Uptime, ServiceThatStartedAndStopped) {
  Log log;
  log.service_starts(10).service_beats(70).service_stops(100);
  EXPECT_EQ(log.read(0, 200), "0-10 down, 10-100 up, 100-200 down");
  EXPECT_EQ(log.read(20, 30), "20-30 up");
  EXPECT_EQ(log.uptime(0, 200).share(UpState::kUp), 4'500U);
  EXPECT_EQ(log.uptime(0, 200).total_ns(UpState::kDown), 110 * kSecond);
}

TEST(Uptime, SilenceOfTwiceTheIntervalIsNoGapAndMoreIsOne) {
  Log in_time;
  in_time.service_starts(0).service_beats(120).service_stops(121);
  EXPECT_EQ(in_time.read(0, 121), "0-121 up");
  Log late;
  late.service_starts(0).service_beats(121).service_stops(130);
  EXPECT_EQ(late.read(0, 130), "0-121 unknown, 121-130 up");
  EXPECT_EQ(late.uptime(0, 130).lost, 0U);
  EXPECT_EQ(late.uptime(0, 130).recorders, 1U);
  EXPECT_EQ(late.uptime(10, 20).recorders, 1U);
}

TEST(Uptime, KilledServiceIsAGapFromItsLastSignUntilTheNextOneStarts) {
  Log log;
  log.service_starts(0).service_beats(60).service_starts(500).service_stops(510);
  EXPECT_EQ(log.read(0, 600), "0-60 up, 60-500 unknown, 500-510 up, 510-600 down");
  EXPECT_EQ(log.uptime(0, 600).lost, 1U);
  // One that never came back, too: nobody can say what it was.
  Log gone;
  gone.service_starts(0).service_beats(60);
  EXPECT_EQ(gone.read(0, 100), "0-100 up");  // within its bound
  EXPECT_EQ(gone.read(0, 600), "0-60 up, 60-600 unknown");
}

TEST(Uptime, WhoStartedInRemovedEventsIsUnknownUntilTheFirstSign) {
  Log beats;
  beats.earlier_events_were_removed(100).service_beats(130).service_stops(150);
  EXPECT_EQ(beats.read(100, 200), "100-130 unknown, 130-150 up, 150-200 down");
  EXPECT_EQ(beats.uptime(100, 200).lost, 0U);
  Log stops;
  stops.earlier_events_were_removed(100).service_stops(150);
  EXPECT_EQ(stops.read(100, 200), "100-150 unknown, 150-200 down");
  Log session;
  session.earlier_events_were_removed(100).session_ends(120, "a");
  EXPECT_EQ(session.read(100, 200), "100-120 unknown, 120-200 down");
  Log announced;
  announced.earlier_events_were_removed(100).session_announces(140, "a").session_beats(140, "a");
  announced.session_ends(160, "a");
  EXPECT_EQ(announced.read(100, 200), "100-140 unknown, 140-160 up, 160-200 down");
  // What starts later is as it always is.
  Log fresh;
  fresh.earlier_events_were_removed(100).service_starts(130).service_stops(150);
  EXPECT_EQ(fresh.read(100, 200), "100-130 down, 130-150 up, 150-200 down");
}

TEST(Uptime, SessionIsUpFromItsStartToItsEnd) {
  Log log;
  log.session_starts(10, "a").session_ends(20, "a");
  // Without heartbeats too: the process that ended is the one that started.
  log.session_starts(100, "b").session_ends(4'000, "b");
  EXPECT_EQ(log.read(0, 5'000), "0-10 down, 10-20 up, 20-100 down, 100-4000 up, 4000-5000 down");
}

TEST(Uptime, SessionThatNobodySawEndIsUnknownForTwiceTheIntervalAndThenNothingRan) {
  Log log;
  log.session_starts(0, "a").session_announces(60, "a").session_beats(60, "a");
  EXPECT_EQ(log.read(0, 1'000), "0-60 up, 60-180 unknown, 180-1000 down");
}

TEST(Uptime, SessionWithAGapInItsBeats) {
  Log log;
  log.session_starts(0, "a").session_announces(60, "a").session_beats(60, "a");
  log.session_beats(1'000, "a").session_ends(1'010, "a");
  EXPECT_EQ(log.read(0, 1'010), "0-60 up, 60-1000 unknown, 1000-1010 up");
}

TEST(Uptime, OneThatRecordsWhileAnotherIsSilentIsDegraded) {
  Log log;
  log.service_starts(0).session_starts(100, "a").session_ends(700, "a").service_starts(800);
  log.service_stops(810);
  EXPECT_EQ(log.read(0, 900),
            "0-100 unknown, 100-700 degraded, 700-800 unknown, 800-810 up, 810-900 down");
}

TEST(Uptime, FullDiskIsDegradedUntilSomethingIsTakenAgain) {
  Log log;
  log.service_starts(0).service_beats(60).disk_is_full(70).service_beats(110).service_stops(150);
  EXPECT_EQ(log.read(0, 150), "0-70 up, 70-110 degraded, 110-150 up");
}

TEST(Uptime, NobodyElseSpeaksForTheService) {
  Log log;
  log.service_starts(0).submitter_says_it_stops(10).service_beats(60).service_stops(70);
  EXPECT_EQ(log.read(0, 70), "0-70 up");
}

TEST(Uptime, OfALedgerWithoutRecordersNothingIsKnownToHaveRun) {
  EXPECT_EQ(Log().read(0, 100), "0-100 down");
  EXPECT_EQ(Log().uptime(0, 0).share(UpState::kUp), 0U);
}

}  // namespace
}  // namespace phantom
