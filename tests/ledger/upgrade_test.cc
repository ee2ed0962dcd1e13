#include "ledger/upgrade.h"

#include "ledger/appender.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/reader.h"
#include "ledger/trust.h"
#include "ledger/verify.h"
#include "tests/support/ledger_home.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// The fixture as a home of its own. Its ledger has 388 events and 4 epochs.
class UpgradeTest : public testing::Test {
 protected:
  UpgradeTest() {
    const fs::path fixture = fs::path(PHANTOM_TEST_SOURCE_DIR) / "tests/golden/ledgers/v1";
    fs::copy(fixture, home.root, fs::copy_options::recursive);
    for (const auto& each : fs::recursive_directory_iterator(home.root)) {
      fs::permissions(each.path(), each.is_directory()
                                       ? fs::perms::owner_all
                                       : fs::perms::owner_read | fs::perms::owner_write);
    }
    note_before = read_head_file(files.head()).value().newest->note;
    head_before = read_text(files.head());
  }

  VerifyReport verify() const {
    VerifyOptions options;
    options.ledger = home.ledger();
    const std::string origin = parse_checkpoint(note_before).value().checkpoint.origin;
    options.key = pinned_key(home, origin).value();
    options.trust = pinned_checkpoint(home, origin).value()->note;
    options.depth = VerifyDepth::kDeep;
    return verify_ledger(options);
  }

  Result<Upgraded> upgrade() const { return upgrade_ledger(home, {}); }

  TempDir work;
  Home home{work / "home"};
  LedgerFiles files{home.ledger()};
  std::string note_before;
  std::string head_before;
};

TEST_F(UpgradeTest, KeepsEveryEventCheckpointAndTheHead) {
  EXPECT_NE(verify().verdict, Verdict::kVerified);
  const auto done = upgrade();
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_TRUE(done->changed);
  EXPECT_EQ(done->format_before, "phantom-ledger/1");
  const VerifyReport report = verify();
  EXPECT_EQ(report.verdict, Verdict::kVerified);
  EXPECT_EQ(report.events, 388U);
  EXPECT_EQ(report.commits, 330U);
  EXPECT_EQ(report.epochs, 4U);
  EXPECT_EQ(report.head_note, note_before);
  EXPECT_EQ(read_text(files.head()), head_before);
  EXPECT_FALSE(fs::exists(files.db_before_upgrade()));
  EXPECT_FALSE(fs::exists(files.upgrade()));
}

TEST_F(UpgradeTest, TheLedgerGoesOnAfterwards) {
  auto refused = open_appender(home, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().hint, HasSubstr("phantom ledger upgrade"));
  ASSERT_TRUE(upgrade().ok());
  auto appender = open_appender(home, {});
  ASSERT_TRUE(appender.ok()) << appender.error().message;
  ASSERT_TRUE((*appender)->append(note_draft(1)).ok());
  ASSERT_TRUE((*appender)->close().ok());
  EXPECT_EQ(verify().verdict, Verdict::kVerified);
}

TEST_F(UpgradeTest, ASecondRunChangesNothing) {
  ASSERT_TRUE(upgrade().ok());
  const auto again = upgrade();
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_FALSE(again->changed);
}

TEST_F(UpgradeTest, CutOffBetweenTheRenamesItIsDoneAgain) {
  fs::rename(files.db(), files.db_before_upgrade());
  fs::create_directories(files.upgrade() / "db");
  const auto done = upgrade();
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_TRUE(done->changed);
  EXPECT_EQ(verify().verdict, Verdict::kVerified);
}

TEST_F(UpgradeTest, CutOffAfterTheRenamesOnlyTheOldStoreGoes) {
  fs::copy(files.db(), work / "old", fs::copy_options::recursive);
  ASSERT_TRUE(upgrade().ok());
  fs::rename(work / "old", files.db_before_upgrade());
  const auto done = upgrade();
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_FALSE(done->changed);
  EXPECT_FALSE(fs::exists(files.db_before_upgrade()));
  EXPECT_EQ(verify().verdict, Verdict::kVerified);
}

TEST_F(UpgradeTest, WaitsForNoWriter) {
  const auto lease = Lease::try_acquire(files.lock());
  ASSERT_TRUE(lease.ok());
  const auto refused = upgrade();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kBusy);
  EXPECT_THAT(refused.error().message, HasSubstr("a writer is running"));
}

TEST_F(UpgradeTest, ADamagedLedgerStaysAsItIs) {
  const fs::path table = [&] {
    for (const auto& each : fs::directory_iterator(files.db())) {
      if (each.path().extension() == ".sst") return each.path();
    }
    return fs::path();
  }();
  std::string bytes = read_text(table);
  bytes[1'000] = static_cast<char>(bytes[1'000] ^ 1);
  write_text(table, bytes);
  ASSERT_FALSE(upgrade().ok());
  EXPECT_TRUE(fs::exists(files.db()));
  EXPECT_FALSE(fs::exists(files.db_before_upgrade()));
  EXPECT_EQ(read_text(table), bytes);
}

}  // namespace
}  // namespace phantom::test
