#include "ledger/damage.h"

#include "ledger/appender.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/reader.h"
#include "ledger/repair.h"
#include "ledger/verify_report.h"
#include "tests/support/ledger_home.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names_of(const std::vector<Finding>& findings) {
  std::vector<std::string> names;
  for (const Finding& finding : findings) names.emplace_back(damage_name(finding.damage));
  return names;
}

// A whole ledger in epoch 2 with every check passed.
ExaminedLedger whole() {
  ExaminedLedger facts;
  facts.store_there = true;
  facts.report = new_ledger_report();
  for (Check& check : facts.report->checks) check.state = CheckState::kPass;
  facts.head_verdict = HeadVerdict::kEqual;
  facts.copy_there = true;
  facts.ever_pinned = true;
  facts.log_key_there = true;
  facts.epoch = 2;
  facts.epoch_files = {2};
  return facts;
}

TEST(Damage, AWholeLedgerHasNone) {
  EXPECT_THAT(classify(whole()), IsEmpty());
  EXPECT_EQ(exit_code_of({}), 0);
}

TEST(Damage, AFailedCheckOfTheStorePointsToABackup) {
  ExaminedLedger facts = whole();
  set_failure(*facts.report, {"entries", "event 3: its time is wrong", 3});
  const auto findings = classify(facts);
  ASSERT_THAT(names_of(findings), ElementsAre("store-damaged"));
  EXPECT_THAT(findings[0].what, HasSubstr("'entries'"));
  EXPECT_THAT(findings[0].what, HasSubstr("event 3"));
  EXPECT_THAT(findings[0].action, HasSubstr("phantom ledger restore"));
  EXPECT_EQ(exit_code_of(findings), 1);
}

TEST(Damage, RollbackAndForkAreNeverMended) {
  for (const auto& [verdict, name] : {std::pair(HeadVerdict::kStoreBehind, "rolled-back"),
                                      std::pair(HeadVerdict::kForked, "forked")}) {
    ExaminedLedger facts = whole();
    facts.head_verdict = verdict;
    facts.head_evidence = "both notes";
    const auto findings = classify(facts);
    EXPECT_THAT(names_of(findings), ElementsAre(name));
    EXPECT_THAT(findings[0].what, HasSubstr("both notes"));
    EXPECT_EQ(exit_code_of(findings), 1);
  }
  ExaminedLedger behind_trust = whole();
  behind_trust.trust_problem = "older than what was verified";
  EXPECT_THAT(names_of(classify(behind_trust)), ElementsAre("rolled-back"));
  behind_trust.trust_forked = true;
  EXPECT_THAT(names_of(classify(behind_trust)), ElementsAre("forked"));
}

TEST(Damage, ADamagedHeadCopyIsRepairedAStaleOneMendsItself) {
  ExaminedLedger damaged = whole();
  damaged.copy.damaged = true;
  set_failure(*damaged.report, {"head", "the head copy is damaged"});
  EXPECT_THAT(names_of(classify(damaged)), ElementsAre("head-copy"));
  EXPECT_EQ(exit_code_of(classify(damaged)), 3);  // until it is done
  ExaminedLedger stale = whole();
  stale.head_verdict = HeadVerdict::kStoreAhead;
  EXPECT_THAT(names_of(classify(stale)), ElementsAre("head-copy"));
  EXPECT_EQ(exit_code_of(classify(stale)), 0);
}

TEST(Damage, ATornTailThatNobodyWasToldOfMendsItself) {
  ExaminedLedger facts = whole();
  set_check(*facts.report, "files", CheckState::kPass, "000012.log ends in a torn record");
  EXPECT_THAT(names_of(classify(facts)), ElementsAre("torn-tail"));
  EXPECT_EQ(exit_code_of(classify(facts)), 0);
  // When the head copy knows more, something acknowledged was lost.
  facts.head_verdict = HeadVerdict::kStoreBehind;
  EXPECT_THAT(names_of(classify(facts)), ElementsAre("rolled-back"));
}

TEST(Damage, KeysOfAnUnfinishedChangeAndMissingOnes) {
  ExaminedLedger two = whole();
  two.epoch_files = {2, 3};
  EXPECT_THAT(names_of(classify(two)), ElementsAre("epoch-keys"));
  ExaminedLedger wrong = whole();
  wrong.epoch_files = {1};
  EXPECT_THAT(names_of(classify(wrong)), ElementsAre("key-missing"));
  EXPECT_EQ(exit_code_of(classify(wrong)), 1);
  ExaminedLedger none = whole();
  none.log_key_there = false;
  EXPECT_THAT(names_of(classify(none)), ElementsAre("key-missing"));
}

TEST(Damage, WithoutAStoreTheTracesDecide) {
  EXPECT_THAT(names_of(classify({})), ElementsAre("no-ledger"));
  EXPECT_EQ(exit_code_of(classify({})), 3);
  ExaminedLedger wiped;
  wiped.ever_pinned = true;
  EXPECT_THAT(names_of(classify(wiped)), ElementsAre("wiped"));
  EXPECT_EQ(exit_code_of(classify(wiped)), 1);
  wiped.upgrading = true;
  EXPECT_THAT(names_of(classify(wiped)), ElementsAre("unfinished-upgrade"));
  ExaminedLedger creating;
  creating.creating = true;
  EXPECT_THAT(names_of(classify(creating)), ElementsAre("unfinished-creation"));
}

TEST(Damage, AnotherFormatIsNoDamage) {
  ExaminedLedger facts = whole();
  set_check(*facts.report, "meta", CheckState::kIndeterminate, "the store has the format 1");
  const auto findings = classify(facts);
  ASSERT_THAT(names_of(findings), ElementsAre("other-format"));
  EXPECT_THAT(findings[0].action, HasSubstr("phantom ledger upgrade"));
}

TEST(Damage, LeftoversAreMovedForeignFilesAreLeftAlone) {
  ExaminedLedger facts = whole();
  facts.leftovers = {"ledger.new"};
  facts.foreign = {"ledger/letter"};
  const auto findings = classify(facts);
  ASSERT_THAT(names_of(findings), ElementsAre("leftover", "foreign"));
  EXPECT_EQ(findings[0].remedy, Remedy::kRepair);
  EXPECT_EQ(findings[1].remedy, Remedy::kPerson);
}

class RepairTest : public testing::Test {
 protected:
  RepairTest() {
    ledger.create();
    append(5);
  }
  void append(std::uint64_t count) {
    const auto appender = ledger.open();
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(appender->append(note_draft(i)).ok());
    ASSERT_TRUE(appender->close().ok());
  }
  std::vector<Finding> look() {
    auto facts = examine(ledger.home(), {});
    EXPECT_TRUE(facts.ok());
    leftovers = facts->leftovers;
    return classify(*facts);
  }
  Result<Repaired> mend() {
    const auto findings = look();
    return repair(ledger.home(), findings, leftovers, {});
  }

  LedgerHome ledger;
  LedgerFiles files{ledger.home().ledger()};
  std::vector<std::string> leftovers;
};

TEST_F(RepairTest, NothingIsFoundInAWholeLedger) { EXPECT_THAT(names_of(look()), IsEmpty()); }

TEST_F(RepairTest, ADamagedHeadCopyIsWrittenAnewAndTheOldOneKept) {
  std::string bytes = read_text(files.head());
  for (const std::size_t at : {std::size_t{30}, kHeadSlotBytes + 30}) {
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
  }
  write_text(files.head(), bytes);
  ASSERT_THAT(names_of(look()), ElementsAre("head-copy"));
  const auto done = mend();
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_THAT(done->findings, ElementsAre("head-copy"));
  EXPECT_EQ(read_text(ledger.home().root / done->evidence / "ledger/head"), bytes);
  EXPECT_THAT(names_of(look()), IsEmpty());
  EXPECT_EQ(ledger.verify().verdict, Verdict::kVerified);
  // Created, 5 events, and the one that says it was repaired.
  auto reader = open_reader(ledger.home().ledger());
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->head().checkpoint.size, 7U);
}

TEST_F(RepairTest, LeftoversAreMovedWithAllThatIsInThem) {
  const fs::path root = ledger.home().root;
  fs::create_directory(root / "ledger.new");
  write_text(root / "ledger.new/half", "half");
  write_text(root / "keys/log.key.new-a1B2c3", "half");
  write_text(files.db() / "phantom.probe", "0");
  write_text(files.directory / "letter", "dear");
  ASSERT_THAT(names_of(look()), ElementsAre("leftover", "leftover", "leftover", "foreign"));
  const auto done = mend();
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(read_text(root / done->evidence / "ledger.new/half"), "half");
  EXPECT_EQ(read_text(root / done->evidence / "keys/log.key.new-a1B2c3"), "half");
  EXPECT_TRUE(fs::exists(files.directory / "letter"));
  EXPECT_THAT(names_of(look()), ElementsAre("foreign"));
}

TEST_F(RepairTest, ARolledBackStoreIsNotTouched) {
  TempDir work;
  fs::copy(files.db(), work / "db", fs::copy_options::recursive);
  append(3);
  fs::remove_all(files.db());
  fs::copy(work / "db", files.db(), fs::copy_options::recursive);
  const auto findings = look();
  ASSERT_THAT(names_of(findings), ElementsAre("rolled-back"));
  EXPECT_THAT(findings[0].what, HasSubstr("the copy says:"));
  const auto done = mend();
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_THAT(done->findings, IsEmpty());
  EXPECT_EQ(done->evidence, "");
}

TEST_F(RepairTest, AWipedStoreIsSeenByItsHeadCopy) {
  fs::remove_all(files.db());
  const auto findings = look();
  ASSERT_THAT(names_of(findings), ElementsAre("wiped"));
  EXPECT_THAT(findings[0].what, HasSubstr("\n6\n"));
}

TEST_F(RepairTest, DoesNotWorkBesideAWriter) {
  fs::create_directory(ledger.home().root / "ledger.new");
  const auto lease = Lease::try_acquire(files.lock());
  ASSERT_TRUE(lease.ok());
  const auto refused = mend();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kBusy);
}

}  // namespace
}  // namespace phantom::test
