// Logs that RocksDB does not survive are refused before it sees them.

#include "ledger/engine_batches.h"

#include "ledger/home.h"
#include "ledger/layout.h"
#include "ledger/reader.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

class RepeatedLog : public testing::Test {
 protected:
  RepeatedLog() {
    home_.create();
    const auto appender = home_.open();
    for (std::uint64_t i = 0; i < 3; ++i) PH_CHECK(appender->append(note_draft(i)).ok(), "append");
    PH_CHECK(appender->close().ok(), "close");
    for (const auto& file : fs::directory_iterator(LedgerFiles{home_.home().ledger()}.db())) {
      if (file.path().extension() == ".log" && file.file_size() > 0) log_ = file.path();
    }
    bytes_ = *read_file(log_, 1 << 20);
  }

  LedgerHome home_;
  fs::path log_;
  Bytes bytes_;
};

// Every record is whole and its checksum right: only the sequence numbers were taken before.
TEST_F(RepeatedLog, IsRefusedByVerifierReaderAndWriter) {
  ASSERT_LT(bytes_.size(), 16'000U) << "the second copy lies in the same block";
  Bytes twice = bytes_;
  twice.insert(twice.end(), bytes_.begin(), bytes_.end());
  ASSERT_TRUE(write_file_durably(log_, twice, 0600).ok());
  const VerifyReport report = home_.verify();
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(check_of(report, "files").state, CheckState::kFail) << verdict_text(report);
  EXPECT_EQ(open_reader(home_.home().ledger()).error().code, Code::kCorrupt);
  EXPECT_EQ(open_appender(home_.home(), {}).error().code, Code::kCorrupt);
}

TEST_F(RepeatedLog, UnderAnotherNumberIsRefusedToo) {
  ASSERT_TRUE(write_file_durably(log_.parent_path() / "000999.log", bytes_, 0600).ok());
  EXPECT_EQ(home_.verify().exit_code, 1);
  EXPECT_EQ(open_appender(home_.home(), {}).error().code, Code::kCorrupt);
}

TEST_F(RepeatedLog, LogsFollowInTheirOrderOnly) {
  BatchOrder order;
  EXPECT_TRUE(order.follows(bytes_));
  EXPECT_FALSE(order.follows(bytes_));
  BatchOrder other;
  Bytes cut(bytes_.begin(), bytes_.end() - 1);
  EXPECT_TRUE(other.follows(cut)) << "a torn record is no batch";
}

TEST_F(RepeatedLog, DamagedRecordsAreNotJudged) {
  for (std::size_t i = 0; i < bytes_.size(); i += 7) {
    Bytes damaged = bytes_;
    damaged[i] ^= 0x10;
    BatchOrder order;
    EXPECT_TRUE(order.follows(damaged)) << "byte " << i << ": checksums are for check_log";
  }
}

}  // namespace
}  // namespace phantom::test
