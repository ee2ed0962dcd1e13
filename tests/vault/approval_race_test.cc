// Many want the same approval at the same moment, on a real ledger.

#include "tests/support/child_process.h"
#include "tests/support/ledger_home.h"
#include "tests/vault/approval_case.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace phantom {
namespace {

constexpr int kRacers = 64;

class ApprovalRace : public ::testing::Test {
 protected:
  void SetUp() override {
    home.create();
    AppenderOptions options;
    options.wait_max = std::chrono::milliseconds(30'000);
    appender = home.open(options);
    auto opened = open_reader(home.home().ledger());
    ASSERT_TRUE(opened.ok());
    reader = std::move(*opened);
  }

  std::string granted_approval() {
    ApprovalDesk desk(*appender, *reader);
    const auto asked = desk.ask(test::agent_context(), test::race_request());
    PH_CHECK(asked.ok(), "ask");
    PH_CHECK(desk.grant(test::agent_context(), asked->id, {}).ok(), "grant");
    return asked->id;
  }

  // Dotted names of the events filed under the approval, with how often each is there.
  std::map<std::string, int> events_of(const std::string& id) {
    std::map<std::string, int> names;
    PH_CHECK(reader->catch_up().ok(), "catch up");
    const Status walked = reader->history(approval_tag(id), [&](Seq, const Bytes& bytes) {
      ++names[find_event((*parse_entry(bytes))->type())->name];
      return true;
    });
    PH_CHECK(walked.ok(), "history");
    return names;
  }

  void expect_one_use(const std::string& id) {
    const std::map<std::string, int> expected = {{"approval.asked", 1},
                                                 {"approval.granted", 1},
                                                 {"approval.refused", kRacers - 1},
                                                 {"mcp.tool.requested", 1}};
    EXPECT_EQ(events_of(id), expected);
    ASSERT_TRUE(appender->close().ok());
    EXPECT_EQ(home.verify().verdict, Verdict::kVerified);
  }

  test::LedgerHome home;
  std::unique_ptr<Appender> appender;
  std::unique_ptr<LedgerReader> reader;
};

TEST_F(ApprovalRace, SixtyFourThreadsExactlyOneUse) {
  const std::string id = granted_approval();
  // Half of them share a desk, as the calls of one server do; the others have their own.
  ApprovalDesk shared(*appender, *reader);
  std::atomic<int> used = 0;
  std::atomic<int> refused = 0;
  std::barrier gate(kRacers);
  std::vector<std::thread> threads;
  for (int i = 0; i < kRacers; ++i) {
    threads.emplace_back([&, i] {
      auto own_reader = open_reader(home.home().ledger());
      PH_CHECK(own_reader.ok(), "reader");
      ApprovalDesk own(*appender, **own_reader);
      ApprovalDesk& desk = i % 2 == 0 ? shared : own;
      const Draft effect = test::tool_requested(test::agent_context(), id, test::race_request());
      gate.arrive_and_wait();
      const auto result = desk.use(test::agent_context(), id, test::race_request(), effect, {});
      if (result.ok()) ++used;
      if (!result.ok() && result.error().code == Code::kDenied) ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(used, 1);
  EXPECT_EQ(refused, kRacers - 1);
  expect_one_use(id);
}

TEST_F(ApprovalRace, SixtyFourProcessesExactlyOneUse) {
  const std::string id = granted_approval();
  const std::string fifo = (home.home().root / "gate").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::vector<test::ChildProcess> children;
  for (int i = 0; i < kRacers; ++i) {
    children.emplace_back(
        std::vector<std::string>{PHANTOM_APPROVAL_CHILD, home.home().root.string(), fifo, id});
  }
  for (test::ChildProcess& child : children) ASSERT_EQ(child.read_line(60'000), "ready");
  const int gate = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(gate, 0);
  int used = 0;
  int refused = 0;
  for (test::ChildProcess& child : children) {
    const std::string line = child.read_line(60'000).value_or("nothing");
    if (line.starts_with("used")) {
      ++used;
    } else if (line == "refused") {
      ++refused;
    } else {
      ADD_FAILURE() << line;
    }
  }
  ::close(gate);
  EXPECT_EQ(used, 1);
  EXPECT_EQ(refused, kRacers - 1);
  for (test::ChildProcess& child : children) EXPECT_EQ(child.wait(), 0);
  expect_one_use(id);
}

TEST_F(ApprovalRace, AStandingGrantIsUsedAsOftenAsItSays) {
  constexpr int kUses = 10;
  ApprovalDesk desk(*appender, *reader);
  const auto grant = desk.allow(test::agent_context(),
                                {test::race_request().tool, {"KEY"}, kUses, kSecondNs * 600}, {});
  ASSERT_TRUE(grant.ok());
  std::atomic<int> used = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 32; ++i) {
    threads.emplace_back([&] {
      const Draft effect =
          test::tool_requested(test::agent_context(), grant->id, test::race_request());
      if (desk.use(test::agent_context(), grant->id, test::race_request(), effect, {}).ok()) ++used;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(used, kUses);
  EXPECT_EQ((*desk.look(grant->id))->uses, static_cast<std::uint32_t>(kUses));
}

// The person said yes, then everything was killed: the grant stands in the ledger, with its end.
TEST_F(ApprovalRace, TheProcessThatGrantedMayDieBeforeTheUse) {
  const std::string id = granted_approval();
  ASSERT_TRUE(appender->close().ok());
  appender = home.open();
  ApprovalDesk desk(*appender, *reader);
  const Draft effect = test::tool_requested(test::agent_context(), id, test::race_request());
  EXPECT_TRUE(desk.use(test::agent_context(), id, test::race_request(), effect, {}).ok());
  EXPECT_FALSE(desk.use(test::agent_context(), id, test::race_request(), effect, {}).ok());
}

// Two processes ask the same at once: one question.
TEST_F(ApprovalRace, AskingTogetherAsksOnce) {
  std::vector<std::thread> threads;
  std::vector<std::string> ids(8);
  for (std::string& id : ids) {
    threads.emplace_back([&] {
      auto own_reader = open_reader(home.home().ledger());
      PH_CHECK(own_reader.ok(), "reader");
      ApprovalDesk desk(*appender, **own_reader);
      const auto asked = desk.ask(test::agent_context(), test::race_request());
      PH_CHECK(asked.ok(), "ask");
      id = asked->id;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& id : ids) EXPECT_EQ(id, ids[0]);
  EXPECT_EQ(events_of(ids[0])["approval.asked"], 1);
}

}  // namespace
}  // namespace phantom
