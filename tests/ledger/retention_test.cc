// Goal: wherever a removal of old events dies, and whatever the disk does meanwhile, what is left
// is a ledger that verifies, and the next run ends what the first one began.
// Method: a process killed at each of its points; a file system below the store that fails, tears
// and loses its power at one operation after the other.

#include "ledger/retention.h"

#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/point.h"
#include "ledger/retention_plan.h"
#include "tests/support/child_process.h"
#include "tests/support/ledger_fault_fs.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <csignal>

namespace phantom::test {
namespace {

constexpr Seq kFirstKept = 512;
constexpr int kKilled = 128 + SIGKILL;

void fill(LedgerHome& home, std::uint64_t events, rocksdb::Env* env = nullptr) {
  AppenderOptions options;
  options.epoch_events_max = 300;
  options.store.env = env;
  const auto appender = open_appender(home.home(), options);
  PH_CHECK(appender.ok(), "open");
  std::vector<Draft> drafts;
  for (std::uint64_t i = 0; i < events; ++i) drafts.push_back(note_draft(i));
  for (const auto& receipt : (*appender)->append_all(std::move(drafts))) {
    PH_CHECK(receipt.ok(), "append");
  }
  PH_CHECK((*appender)->close().ok(), "close");
}

Result<Pruned> prune(const Home& home, rocksdb::Env* env = nullptr) {
  AppenderOptions options;
  options.store.env = env;
  return prune_ledger(home, {}, options, [](const LedgerReader&) -> Result<PruneOrder> {
    PruneOrder order;
    order.first_kept = kFirstKept;
    order.policy = "keep=400d";
    order.step_events = 256;
    return order;
  });
}

Seq first_kept(const LedgerHome& home) {
  const auto reader = open_reader(home.home().ledger());
  PH_CHECK(reader.ok(), "open reader");
  return (*reader)->first_kept();
}

class KilledPrune : public testing::TestWithParam<const char*> {};

TEST_P(KilledPrune, IsGoneOnWithByTheNextRun) {
  if (!points_built()) GTEST_SKIP() << "this build has no kill points";
  LedgerHome home;
  home.create();
  fill(home, 900);
  const std::vector<std::string> command = {PHANTOM_PRUNE_CHILD, home.home().root.string(),
                                            std::to_string(kFirstKept)};
  ChildProcess victim(command, {std::string("PHANTOM_POINT=") + GetParam()});
  ASSERT_EQ(victim.wait(), kKilled);
  const VerifyReport cut_off = home.verify();
  EXPECT_EQ(cut_off.verdict, Verdict::kVerified);
  if (first_kept(home) > 0) {
    ASSERT_TRUE(cut_off.pruned);
    EXPECT_EQ(cut_off.pruned->asked, kFirstKept);
  }
  fill(home, 5);  // whoever records meanwhile is not in the way
  EXPECT_EQ(home.verify().verdict, Verdict::kVerified);
  ChildProcess next(command);
  EXPECT_EQ(next.wait(), 0);
  const VerifyReport report = home.verify();
  EXPECT_EQ(report.verdict, Verdict::kVerified);
  ASSERT_TRUE(report.pruned);
  EXPECT_EQ(report.pruned->first_kept, kFirstKept);
  const auto reader = open_reader(home.home().ledger());
  const auto newest = newest_prune(**reader);
  ASSERT_TRUE(newest.ok() && *newest);
  EXPECT_EQ((*newest)->state, NewestPrune::State::kCompleted);
}

INSTANTIATE_TEST_SUITE_P(At, KilledPrune,
                         testing::Values("prune.requested", "prune.step_written",
                                         "prune.step_written:2", "prune.completed",
                                         "prune.compacted"),
                         [](const testing::TestParamInfo<const char*>& at) {
                           std::string name(at.param);
                           for (char& c : name) c = c == '.' || c == ':' ? '_' : c;
                           return name;
                         });

class PruneFaults : public testing::TestWithParam<int> {};

TEST_P(PruneFaults, NeverLeaveMoreRemovedThanAnEventSays) {
  const TemporaryFilesInMemory memory;
  constexpr std::uint64_t kStep = 9;
  std::uint64_t at = 1 + static_cast<std::uint64_t>(GetParam());
  for (bool failed = true; failed; at += kStep) {
    FaultFs disk;
    LedgerHome home;
    AppenderOptions options;
    options.store.env = disk.env();
    const auto created = create_ledger(home.home(), {}, options);
    ASSERT_TRUE(created.ok());
    const VerifierKey key = parse_verifier_key(created->vkey).value();
    fill(home, 600, disk.env());
    const auto db = LedgerFiles{home.home().ledger()}.db();
    Fault fault;
    fault.kind = GetParam() % 2 == 0 ? FaultKind::kPowerLoss : FaultKind::kIoError;
    fault.bytes = GetParam() < 2 ? FaultBytes::kLost : FaultBytes::kTorn;
    fault.at = at;
    disk.arm(fault);
    failed = !prune(home.home(), disk.env()).ok();
    disk.disarm();
    disk.lose_power(db, GetParam() < 2 ? Unsynced::kLost : Unsynced::kTorn);
    fill(home, 2, disk.env());
    VerifyOptions verify;
    verify.ledger = home.home().ledger();
    verify.key = key;
    EXPECT_EQ(verify_ledger(verify).verdict, Verdict::kVerified) << "operation " << at;
    const auto again = prune(home.home(), disk.env());
    ASSERT_TRUE(again.ok()) << again.error().message << ", operation " << at;
    const VerifyReport report = verify_ledger(verify);
    EXPECT_EQ(report.verdict, Verdict::kVerified) << "operation " << at;
    ASSERT_TRUE(report.pruned);
    EXPECT_EQ(report.pruned->first_kept, kFirstKept);
  }
  EXPECT_GT(at, 3 * kStep) << "the sweep reached into the removal";
}

INSTANTIATE_TEST_SUITE_P(Kinds, PruneFaults, testing::Range(0, 4));

TEST(Retention, RefusesBesideAWriterAndNamesIt) {
  LedgerHome home;
  home.create();
  fill(home, 900);
  const auto appender = home.open();
  const auto pruned = prune(home.home());
  ASSERT_FALSE(pruned.ok());
  EXPECT_EQ(pruned.error().code, Code::kBusy);
  EXPECT_EQ(first_kept(home), 0U);
}

TEST(Retention, NobodyElseMayRecordARemoval) {
  LedgerHome home;
  home.create();
  const auto appender = home.open();
  PruneRequest request;
  EXPECT_EQ(appender->append(prune_requested({}, request)).error().code, Code::kDenied);
  EXPECT_EQ(appender->append(prune_completed({}, 1, 256)).error().code, Code::kDenied);
  EXPECT_EQ(appender->append(note_draft(1, "ledger:prune")).error().code, Code::kDenied);
}

TEST(Retention, ReaderOpenedBeforeTheRemovalIsNotDisturbed) {
  LedgerHome home;
  home.create();
  fill(home, 900);
  const auto reader = open_reader(home.home().ledger());
  const Bytes before = *(*reader)->entry(7);
  ASSERT_TRUE(prune(home.home()).ok());
  EXPECT_EQ(*(*reader)->entry(7), before);
  ASSERT_TRUE((*reader)->catch_up().ok());
  EXPECT_EQ((*reader)->first_kept(), kFirstKept);
  EXPECT_EQ((*reader)->entry(7).error().code, Code::kNotFound);
  EXPECT_TRUE((*reader)->entry(0).ok());
  Seq first = ~Seq{0};
  ASSERT_TRUE((*reader)
                  ->scan(0, 600,
                         [&](Seq seq, const Bytes&) {
                           first = std::min(first, seq);
                           return true;
                         })
                  .ok());
  EXPECT_EQ(first, kFirstKept);
  std::size_t left = 0;
  const Status walked = (*reader)->history("session:test", [&](Seq seq, const Bytes&) {
    EXPECT_GE(seq, kFirstKept);
    ++left;
    return true;
  });
  ASSERT_FALSE(walked.ok()) << "it does not seem whole";
  EXPECT_EQ(walked.error().code, Code::kNotFound);
  EXPECT_GT(left, 300U);
}

TEST(RetentionRule, FloorsAndTimes) {
  constexpr std::int64_t kDay = 86'400'000'000'000;
  EXPECT_EQ(*parse_keep("400d"), 400 * kDay);
  EXPECT_EQ(*parse_keep("24h"), kDay);
  EXPECT_EQ(*parse_keep("0s"), 0);
  for (const char* text : {"", "d", "400", "-1d", "1w", "1.5d", "99999999999999d", "1 d"}) {
    EXPECT_FALSE(parse_keep(text).ok()) << text;
  }
  for (const RetentionProfile& profile : retention_profiles()) {
    const auto days = static_cast<std::int64_t>(profile.floor_days);
    EXPECT_TRUE(check_floor({days * kDay, "x", &profile}).ok());
    EXPECT_EQ(check_floor({days * kDay - 1, "x", &profile}).error().code, Code::kDenied);
  }
  EXPECT_TRUE(check_floor({0, "0s", nullptr}).ok());
  EXPECT_EQ(find_retention_profile("hipaa")->floor_days, 2'192U);
  EXPECT_EQ(find_retention_profile("x"), nullptr);
}

}  // namespace
}  // namespace phantom::test
