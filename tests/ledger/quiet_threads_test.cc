#include "ledger/quiet_threads.h"

#include "ledger/appender.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <unistd.h>

namespace phantom::test {
namespace {

// Threads of this process that would take SIGTERM, this one left out.
std::set<std::string> threads_that_hear() {
  std::set<std::string> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::gettid())) continue;
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (!line.starts_with("SigBlk:")) continue;
      const std::uint64_t blocked = std::stoull(line.substr(7), nullptr, 16);
      if ((blocked >> (SIGTERM - 1) & 1) == 0) found.insert(task.path().filename());
    }
  }
  return found;
}

TEST(QuietThreads, NoThreadOfTheLedgerTakesASignal) {
  const auto before = threads_that_hear();
  LedgerHome home;
  home.create();
  auto holder = home.open();
  auto submitter = home.open();
  std::vector<Draft> drafts;
  for (std::uint64_t i = 0; i < 10; ++i) drafts.push_back(note_draft(i));
  for (const auto& receipt : submitter->append_all(std::move(drafts))) ASSERT_TRUE(receipt.ok());
  ASSERT_TRUE(holder->append(note_draft(1)).ok());
  EXPECT_EQ(threads_that_hear(), before);
  sigset_t mine{};
  pthread_sigmask(SIG_SETMASK, nullptr, &mine);
  EXPECT_EQ(sigismember(&mine, SIGTERM), 0) << "the caller's own mask is as it was";
}

}  // namespace
}  // namespace phantom::test
