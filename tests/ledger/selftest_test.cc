#include "ledger/selftest.h"

#include "ledger/layout.h"
#include "ledger/selftest_copy.h"
#include "tests/support/ledger_home.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <numeric>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

std::uint64_t total(const SelftestReport& report, std::uint64_t SelftestTally::*field) {
  std::uint64_t sum = 0;
  for (const auto& [kind, tally] : report.kinds) sum += tally.*field;
  return sum;
}

TEST(Selftest, EveryKindOfChangeIsMadeAndCaught) {
  SelftestOptions options;
  options.seed = 11;
  options.changes = 3 * selftest_kinds().size();
  const auto report = run_selftest(options);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->kinds.size(), selftest_kinds().size());
  EXPECT_EQ(total(*report, &SelftestTally::made), options.changes);
  for (const SelftestMiss& miss : report->missed) ADD_FAILURE() << miss.kind << ": " << miss.what;
  EXPECT_GT(report->caught_by.at("trust"), 0U) << "an older state, whole";
  EXPECT_GT(report->caught_by.at("head"), 0U);
  EXPECT_GT(report->caught_by.at("files"), 0U);
}

TEST(Selftest, SeedAndNumberMakeAChangeAgain) {
  SelftestOptions options;
  options.seed = 4;
  options.verify = [](const VerifyOptions&) {
    VerifyReport blind;
    blind.exit_code = 0;
    return blind;
  };
  options.changes = 2 * selftest_kinds().size();
  const auto all = run_selftest(options);
  ASSERT_TRUE(all.ok()) << all.error().message;
  ASSERT_GT(all->missed.size(), selftest_kinds().size()) << "a blind verifier misses";
  EXPECT_EQ(all->missed.size() + total(*all, &SelftestTally::harmless), options.changes);
  options.changes = 1;
  for (const std::size_t i : {std::size_t{0}, all->missed.size() / 2, all->missed.size() - 1}) {
    options.first = all->missed[i].number;
    const auto again = run_selftest(options);
    ASSERT_TRUE(again.ok());
    ASSERT_EQ(again->missed.size(), 1U);
    EXPECT_EQ(again->missed[0].kind, all->missed[i].kind);
  }
}

TEST(Selftest, TheLedgerIsOnlyReadAlsoBesideItsWriter) {
  LedgerHome home;
  home.create();
  const auto appender = home.open();
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(appender->append(note_draft(i)).ok());
  const auto contents = [&] {
    std::map<fs::path, std::string> files;
    const auto evidence = evidence_files(home.home().ledger());
    for (const fs::path& file : *evidence) files[file] = read_text(home.home().ledger() / file);
    return files;
  };
  const auto before = contents();
  SelftestOptions options;
  options.ledger = home.home().ledger();
  options.changes = selftest_kinds().size();
  const auto report = run_selftest(options);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->head.size, 6U);
  EXPECT_TRUE(report->missed.empty());
  EXPECT_EQ(contents(), before);
  EXPECT_TRUE(appender->append(note_draft(9)).ok());
}

TEST(Selftest, DamagedOrAbsentLedgersAreNotTested) {
  LedgerHome home;
  SelftestOptions options;
  options.ledger = home.home().ledger();
  EXPECT_EQ(run_selftest(options).error().code, Code::kNotFound);
  home.create();
  fs::remove(LedgerFiles{home.home().ledger()}.head());
  EXPECT_EQ(run_selftest(options).error().code, Code::kCorrupt);
}

TEST(Selftest, WhatCarriesEvidence) {
  for (const char* name : {"LOCK", "LOG", "LOG.old.1", "OPTIONS-000004", "sock"}) {
    EXPECT_FALSE(carries_evidence(name)) << name;
  }
  for (const char* name : {"head", "CURRENT", "IDENTITY", "MANIFEST-000004", "000005.log"}) {
    EXPECT_TRUE(carries_evidence(name)) << name;
  }
}

}  // namespace
}  // namespace phantom::test
