// When the writer ends, whoever is waiting takes over: how long the next event takes.

#include "ledger/layout.h"
#include "ledger/lease.h"
#include "tests/support/child_process.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

namespace phantom::test {
namespace {

enum class Ending { kKill, kTerm };

double hand_over_ms(Ending ending) {
  LedgerHome home;
  home.create();
  ChildProcess writer(
      {PHANTOM_SERVE_CHILD, home.home().root.string(), (home.home().root / "door").string()});
  EXPECT_EQ(writer.read_line(20'000), "ready");
  auto appender = home.open();
  for (std::uint64_t i = 0; i < 300; ++i) {
    EXPECT_TRUE(appender->append(note_draft(i)).ok());
  }
  const auto begin = std::chrono::steady_clock::now();
  ::kill(writer.pid(), ending == Ending::kKill ? SIGKILL : SIGTERM);
  // Some are still answered by the old writer.
  const auto lock = LedgerFiles{home.home().ledger()}.lock();
  std::uint64_t number = 300;
  do {
    const auto receipt = appender->append(note_draft(number++));
    EXPECT_TRUE(receipt.ok()) << receipt.error().message;
    if (!receipt.ok()) break;
  } while (Lease::holder(lock).value() != ::getpid());
  const auto end = std::chrono::steady_clock::now();
  EXPECT_EQ(*Lease::holder(lock), ::getpid());
  EXPECT_EQ(writer.wait(), ending == Ending::kKill ? 128 + SIGKILL : 0);
  EXPECT_TRUE(appender->close().ok());
  const VerifyReport report = home.verify();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.head->size, number + 1);
  return std::chrono::duration<double, std::milli>(end - begin).count();
}

void measure(const char* name, Ending ending) {
  std::vector<double> ms;
  for (int i = 0; i < 5; ++i) ms.push_back(hand_over_ms(ending));
  std::sort(ms.begin(), ms.end());
  std::printf("%s to the next event: best %.1f ms, median %.1f ms, worst %.1f ms\n", name, ms[0],
              ms[2], ms[4]);
  EXPECT_LT(ms[0], 2'000.0);
}

TEST(Handover, AfterKillNineTheSubmitterIsTheWriter) { measure("kill -9", Ending::kKill); }
TEST(Handover, AfterSigtermTheSubmitterIsTheWriter) { measure("SIGTERM", Ending::kTerm); }

TEST(Handover, ManySubmittersAgreeOnOneSuccessor) {
  LedgerHome home;
  home.create();
  ChildProcess writer(
      {PHANTOM_SERVE_CHILD, home.home().root.string(), (home.home().root / "door").string()});
  ASSERT_EQ(writer.read_line(20'000), "ready");
  std::vector<std::unique_ptr<ChildProcess>> children;
  for (int i = 1; i <= 4; ++i) {
    children.push_back(std::make_unique<ChildProcess>(std::vector<std::string>{
        PHANTOM_APPEND_CHILD, home.home().root.string(), std::to_string(i), "300"}));
  }
  for (const auto& child : children) ASSERT_EQ(child->read_line(20'000), "role-ready");
  writer.kill_now();
  writer.wait();
  for (const auto& child : children) EXPECT_EQ(child->wait(), 0);
  const VerifyReport report = home.verify();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.head->size, 1'201U);
}

}  // namespace
}  // namespace phantom::test
