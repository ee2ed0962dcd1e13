// Goal: at whatever step the writer dies, the ledger and everybody who was sending to it go on.
// Method: for each point of ledger/point.h one process that dies there, with three others that
// send events through it. They take over, each of their events is there once; what the dead one
// had acknowledged is there, the rest at most once; sent again, once.

#include "events/catalog.h"
#include "events/envelope.h"
#include "ledger/layout.h"
#include "ledger/point.h"
#include "ledger/reader.h"
#include "schema/events_generated.h"
#include "tests/support/child_process.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <map>
#include <set>
#include <thread>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

constexpr int kWaitMs = 30'000;
constexpr int kKilled = 128 + SIGKILL;
constexpr std::uint64_t kSubmitters = 3;
constexpr std::uint64_t kEventsEach = 40;
constexpr std::uint64_t kVictim = 9;
constexpr std::int64_t kTakeoverMaxNs = 2'000'000'000;

struct Ack {
  std::uint64_t number = 0;
  Seq seq = 0;
  std::int64_t at_ns = 0;
};

class Child {
 public:
  explicit Child(std::vector<std::string> command, std::vector<std::string> environment = {})
      : process_(command, environment) {}

  bool wait_until_ready() {
    const auto line = process_.read_line(kWaitMs);
    return line && *line == "role-ready";
  }
  // Listens to its end.
  int finish() {
    while (const auto line = process_.read_line(kWaitMs)) {
      unsigned long long number = 0;
      unsigned long long seq = 0;
      long long at_ns = 0;
      if (std::sscanf(line->c_str(), "ack %llu %llu %lld", &number, &seq, &at_ns) == 3) {
        acks.push_back({number, seq, at_ns});
      }
    }
    return process_.wait();
  }

  std::vector<Ack> acks;

 private:
  ChildProcess process_;
};

// How long this machine stood still altogether, as virtual ones do: not the ledger's doing.
class Standstill {
 public:
  Standstill()
      : thread_([this](const std::stop_token& stop) {
          constexpr std::int64_t kTickNs = 10'000'000;
          std::int64_t last_ns = system_clock().mono_ns();
          while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::nanoseconds(kTickNs));
            const std::int64_t now_ns = system_clock().mono_ns();
            if (now_ns - last_ns > 20 * kTickNs) total_ns_ += now_ns - last_ns;
            last_ns = now_ns;
          }
        }) {}
  std::int64_t total_ns() const { return total_ns_; }

 private:
  std::atomic<std::int64_t> total_ns_{0};
  std::jthread thread_;
};

class KillMatrix : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    if (!points_built()) GTEST_SKIP() << "this build has no kill points";
    now_ms_ = system_clock().wall_ns() / 1'000'000;
  }

  bool is(std::string_view family) const { return GetParam().starts_with(family); }
  std::string root() const { return home_.home().root.string(); }

  Child appender(std::uint64_t id, std::uint64_t count, const std::string& point = "") {
    std::vector<std::string> environment;
    if (!point.empty()) environment.push_back("PHANTOM_POINT=" + point);
    return Child({PHANTOM_APPEND_CHILD, root(), std::to_string(id), std::to_string(count),
                  std::to_string(now_ms_), "50"},
                 environment);
  }

  // Number of event -> where it stands; fails the test when one stands twice.
  std::map<std::uint64_t, Seq> recorded() const {
    std::map<std::uint64_t, Seq> found;
    auto reader = open_reader(home_.home().ledger());
    EXPECT_TRUE(reader.ok());
    if (!reader.ok()) return found;
    const Status scanned =
        (*reader)->scan(1, (*reader)->head().checkpoint.size, [&](Seq seq, const Bytes& bytes) {
          const schema::Entry* entry = *parse_entry(bytes);
          if (entry->type() != event_no<schema::AuditRead>()) return true;
          const Bytes payload(entry->payload()->begin(), entry->payload()->end());
          const auto number = flatbuffers::GetRoot<schema::AuditRead>(payload.data())->first_seq();
          EXPECT_TRUE(found.emplace(number, seq).second) << "event " << number << " twice";
          return true;
        });
    EXPECT_TRUE(scanned.ok());
    return found;
  }

  static void expect_kept(const std::vector<Ack>& acks,
                          const std::map<std::uint64_t, Seq>& events) {
    for (const Ack& ack : acks) {
      const auto found = events.find(ack.number);
      ASSERT_NE(found, events.end()) << "acknowledged event " << ack.number << " is lost";
      EXPECT_EQ(found->second, ack.seq) << "event " << ack.number;
    }
  }

  LedgerHome home_;
  std::int64_t now_ms_ = 0;
};

// The longest silence one submitter met.
std::int64_t longest_wait_ns(const std::vector<Ack>& acks) {
  std::int64_t longest = 0;
  for (std::size_t i = 1; i < acks.size(); ++i) {
    longest = std::max(longest, acks[i].at_ns - acks[i - 1].at_ns);
  }
  return longest;
}

class KillWhileCreating : public KillMatrix {};
class KillWhileWorking : public KillMatrix {};

TEST_P(KillWhileCreating, IsFinishedAsOneHistory) {
  Child victim({PHANTOM_APPEND_CHILD, root(), "create"},
               {"PHANTOM_POINT=" + std::string(GetParam())});
  ASSERT_EQ(victim.finish(), kKilled);
  const bool renamed = fs::exists(home_.home().ledger());
  const auto first =
      renamed ? read_file(log_key_file(home_.home().keys()), 1'024) : Result<Bytes>(Bytes());
  ASSERT_TRUE(first.ok());
  home_.create();
  if (renamed) {
    EXPECT_EQ(*read_file(log_key_file(home_.home().keys()), 1'024), *first)
        << "the ledger that was there is the one that goes on";
  }
  EXPECT_FALSE(fs::exists(home_.home().root / "ledger.new"));
  EXPECT_FALSE(fs::exists(home_.home().keys() / "creating"));
  EXPECT_EQ(create_ledger(home_.home(), {}, {}).error().code, Code::kExists);
  EXPECT_EQ(home_.verify().verdict, Verdict::kVerified);
  EXPECT_TRUE(home_.open()->append(note_draft(1)).ok());
}

TEST_P(KillWhileWorking, SubmittersGoOnAndEveryEventIsThereOnce) {
  home_.create();
  const fs::path head = LedgerFiles{home_.home().ledger()}.head();
  const Bytes old_head = *read_file(head, 1 << 20);
  ASSERT_EQ(appender(8, 3).finish(), 0);
  // So that there is something to repair.
  if (GetParam() == "open.head_repaired") {
    ASSERT_TRUE(write_file_durably(head, old_head, 0600).ok());
  }

  const Standstill standstill;
  // Late enough that the others' events are in the commit it dies at; a run that closes is short.
  const bool opens = is("open.");
  const bool closes = is("close.");
  const std::string passes = is("commit.") ? ":30" : is("epoch.") ? ":2" : "";
  const std::uint64_t count = closes ? 30 : 5'000;
  Child victim = appender(kVictim, count, std::string(GetParam()) + passes);
  if (opens) {
    ASSERT_EQ(victim.finish(), kKilled);
  } else {
    ASSERT_TRUE(victim.wait_until_ready());
  }
  std::vector<Child> submitters;
  for (std::uint64_t id = 1; id <= kSubmitters; ++id) {
    submitters.push_back(appender(id, kEventsEach));
  }
  if (!opens) {
    ASSERT_EQ(victim.finish(), kKilled);
  }
  std::int64_t longest_ns = 0;
  for (Child& submitter : submitters) {
    ASSERT_EQ(submitter.finish(), 0);
    EXPECT_EQ(submitter.acks.size(), kEventsEach);
    longest_ns = std::max(longest_ns, longest_wait_ns(submitter.acks));
  }
  std::printf("%s: the longest wait of a submitter was %.1f ms\n", GetParam().data(),
              static_cast<double>(longest_ns) / 1e6);
  EXPECT_LT(longest_ns - standstill.total_ns(), kTakeoverMaxNs);

  auto events = recorded();
  for (const Child& submitter : submitters) expect_kept(submitter.acks, events);
  expect_kept(victim.acks, events);
  EXPECT_EQ(home_.verify().verdict, Verdict::kVerified);

  // The dead process sends what it had sent, and one more that it had not.
  const std::uint64_t resent = victim.acks.size() + 2;
  Child again = appender(kVictim, resent);
  ASSERT_EQ(again.finish(), 0);
  EXPECT_EQ(again.acks.size(), resent);
  for (std::size_t i = 0; i < victim.acks.size(); ++i) {
    EXPECT_EQ(again.acks[i].seq, victim.acks[i].seq) << "a receipt that was given stays";
  }
  events = recorded();
  expect_kept(again.acks, events);
  EXPECT_EQ(events.size(), 3 + kSubmitters * kEventsEach + resent);
  EXPECT_EQ(home_.verify().verdict, Verdict::kVerified);
}

std::vector<std::string_view> points_of(bool creating) {
  std::vector<std::string_view> points(kPoints.begin(), kPoints.end());
  std::erase_if(points, [&](auto name) {
    const bool elsewhere = name.starts_with("prune.");  // tests/ledger/retention_test.cc
    return elsewhere || name.starts_with("create.") != creating;
  });
  return points;
}

std::string name_of(const testing::TestParamInfo<std::string_view>& point) {
  std::string name(point.param);
  for (char& letter : name) letter = letter == '.' ? '_' : letter;
  return name;
}

INSTANTIATE_TEST_SUITE_P(At, KillWhileCreating, testing::ValuesIn(points_of(true)), name_of);
INSTANTIATE_TEST_SUITE_P(At, KillWhileWorking, testing::ValuesIn(points_of(false)), name_of);

}  // namespace
}  // namespace phantom::test
