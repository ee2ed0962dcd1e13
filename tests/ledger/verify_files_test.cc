// The bytes of a real ledger's files: a changed one is never verified.

#include "ledger/verify_files.h"

#include "ledger/layout.h"
#include "ledger/reader.h"
#include "ledger/trust.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <thread>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

std::string file_bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put_file_bytes(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

// Those that carry none: the store's own logs and options, locks, the socket.
bool carries_evidence(const fs::path& file) {
  const std::string name = file.filename().string();
  return name != "sock" && name != "reserve" && !name.starts_with("LOG") &&
         !name.starts_with("OPTIONS") && name != "LOCK";
}

std::vector<fs::path> evidence(const fs::path& ledger) {
  std::vector<fs::path> files;
  for (const auto& item : fs::recursive_directory_iterator(ledger)) {
    if (item.is_regular_file() && carries_evidence(item.path())) files.push_back(item.path());
  }
  return files;
}

class VerifyFiles : public testing::Test {
 protected:
  VerifyFiles() {
    home_.create();
    options_.ledger = home_.home().ledger();
    const auto head = read_head_file(LedgerFiles{options_.ledger}.head());
    PH_CHECK(head.ok() && head->newest, "a head copy");
    options_.key = *pinned_key(home_.home(), head->newest->checkpoint.origin);
  }

  void append(std::uint64_t from, std::uint64_t count, std::size_t tag_bytes = 0) {
    const auto appender = home_.open();
    for (std::uint64_t i = from; i < from + count; ++i) {
      const std::string tag = "session:test" + std::string(tag_bytes, 'x');
      ASSERT_TRUE(appender->append(note_draft(i, tag)).ok());
    }
    ASSERT_TRUE(appender->close().ok());
  }

  // Changes `step` bytes apart, and each of the last 64.
  void expect_no_change_verifies(std::size_t step) {
    ASSERT_EQ(verify_ledger(options_).exit_code, 0) << verdict_text(verify_ledger(options_));
    for (const fs::path& file : evidence(options_.ledger)) {
      const std::string good = file_bytes(file);
      for (std::size_t i = 0; i < good.size(); i += (i + 64 >= good.size() ? 1 : step)) {
        std::string changed = good;
        changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
        put_file_bytes(file, changed);
        EXPECT_NE(verify_ledger(options_).exit_code, 0) << file << " byte " << i;
      }
      put_file_bytes(file, good);
    }
    EXPECT_EQ(verify_ledger(options_).exit_code, 0);
  }

  LedgerHome home_;
  VerifyOptions options_;
};

TEST_F(VerifyFiles, NoChangedByteOfASmallLedgerIsVerified) {
  append(0, 3);
  append(3, 2);
  expect_no_change_verifies(29);
}

TEST_F(VerifyFiles, MissingFilesAreNeverVerified) {
  append(0, 3);
  for (const fs::path& file : evidence(options_.ledger)) {
    const fs::path aside = home_.home().root / "aside";
    fs::rename(file, aside);
    EXPECT_NE(verify_ledger(options_).exit_code, 0) << file;
    fs::rename(aside, file);
  }
  EXPECT_EQ(verify_ledger(options_).exit_code, 0);
}

TEST_F(VerifyFiles, CutFilesAreNeverVerified) {
  append(0, 3);
  for (const fs::path& file : evidence(options_.ledger)) {
    const std::string good = file_bytes(file);
    for (const std::size_t lost : {std::size_t{1}, good.size() / 2, good.size()}) {
      put_file_bytes(file, std::string_view(good).substr(0, good.size() - lost));
      EXPECT_NE(verify_ledger(options_).exit_code, 0) << file << " without " << lost;
    }
    put_file_bytes(file, good);
  }
}

TEST_F(VerifyFiles, LogsOfManyBlocksAreReadToTheEnd) {
  append(0, 150);  // more than two blocks of 32 KiB
  fs::path log;
  for (const fs::path& file : evidence(options_.ledger)) {
    if (file.extension() == ".log" && (log.empty() || fs::file_size(file) > fs::file_size(log))) {
      log = file;
    }
  }
  const std::string good = file_bytes(log);
  ASSERT_GT(good.size(), 65'536U);
  VerifyReport report;
  check_store_files(log.parent_path(), report);
  EXPECT_EQ(check_of(report, "files").state, CheckState::kPass) << verdict_text(report);
  for (std::size_t i = 32'768 - 40; i < 32'768 + 40; ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    put_file_bytes(log, changed);
    check_store_files(log.parent_path(), report);
    EXPECT_EQ(check_of(report, "files").state, CheckState::kFail) << "byte " << i;
  }
}

TEST_F(VerifyFiles, TornRecordAtTheEndOfALogIsForgiven) {
  append(0, 3);
  const auto files = evidence(options_.ledger);
  const auto log = std::find_if(files.begin(), files.end(),
                                [](const fs::path& file) { return file.extension() == ".log"; });
  ASSERT_NE(log, files.end());
  // The start of a record that a kill cut short: header and half of the data.
  const std::string good = file_bytes(*log);
  put_file_bytes(*log, good + good.substr(0, 40));
  VerifyReport report;
  check_store_files(log->parent_path(), report);
  EXPECT_EQ(check_of(report, "files").state, CheckState::kPass);
  EXPECT_NE(check_of(report, "files").reason, "");
}

TEST_F(VerifyFiles, FillOfATableFooterIsLookedAt) {
  const fs::path db = LedgerFiles{options_.ledger}.db();
  std::string table("\x01\x10\x20\x90\x01\x20", 6);
  table.resize(41, '\0');
  table += std::string("\x05\0\0\0", 4) + "\xf7\xcf\xf4\x85\xb7\x41\xe2\x88";
  put_file_bytes(db / "999999.sst", table);
  VerifyReport report;
  check_store_files(db, report);
  EXPECT_EQ(check_of(report, "files").state, CheckState::kPass) << verdict_text(report);
  table[20] = 1;
  put_file_bytes(db / "999999.sst", table);
  check_store_files(db, report);
  EXPECT_EQ(check_of(report, "files").state, CheckState::kFail);
}

TEST_F(VerifyFiles, F13VerifyWhileAWriterAppends) {
  const auto appender = home_.open();
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::uint64_t i = 0; !stop; ++i) {
      if (!appender->append(note_draft(i)).ok()) break;
    }
  });
  std::uint64_t last = 0;
  for (int run = 0; run < 10; ++run) {
    const VerifyReport report = verify_ledger(options_);
    EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
    EXPECT_GE(report.events, last);
    last = report.events;
  }
  stop = true;
  writer.join();
  EXPECT_GT(last, 1U) << "the writer was at work";
}

TEST_F(VerifyFiles, F16VerifyWritesNothingIntoTheLedger) {
  append(0, 3);
  std::map<fs::path, std::string> before;
  for (const auto& item : fs::recursive_directory_iterator(options_.ledger)) {
    if (item.is_regular_file()) before[item.path()] = file_bytes(item.path());
  }
  ASSERT_EQ(verify_ledger(options_).exit_code, 0);
  std::map<fs::path, std::string> after;
  for (const auto& item : fs::recursive_directory_iterator(options_.ledger)) {
    if (item.is_regular_file()) after[item.path()] = file_bytes(item.path());
  }
  EXPECT_EQ(before, after);
}

TEST_F(VerifyFiles, NoFlippedBitOfARealTableFooterIsVerified) {
  for (std::uint64_t i = 0; i < 12; ++i) append(i, 1);  // enough starts for a flush
  std::vector<fs::path> tables;
  for (const fs::path& file : evidence(options_.ledger)) {
    if (file.extension() == ".sst") tables.push_back(file);
  }
  ASSERT_FALSE(tables.empty());
  ASSERT_EQ(verify_ledger(options_).exit_code, 0);
  constexpr std::size_t kFooterBytes = 53;
  const std::string good = file_bytes(tables[0]);
  for (std::size_t at = good.size() - kFooterBytes; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      put_file_bytes(tables[0], bad);
      ASSERT_NE(verify_ledger(options_).exit_code, 0)
          << "bit " << bit << " of the byte " << good.size() - at << " from the end";
    }
  }
}

// RocksDB's secondary reads on for ever when a record near the end of a file claims the type of a
// recycled log.
TEST_F(VerifyFiles, RecordTypesThatRocksDbDoesNotGetOverAreRefusedInTime) {
  append(0, 3);
  for (const fs::path& file : evidence(options_.ledger)) {
    const std::string name = file.filename().string();
    if (!name.starts_with("MANIFEST") && file.extension() != ".log") continue;
    const std::string good = file_bytes(file);
    for (std::size_t back = 1; back <= std::min<std::size_t>(good.size(), 40); ++back) {
      for (const char type : {'\x05', '\x08'}) {
        std::string bad = good;
        char& byte = bad[bad.size() - back];
        if (byte == type) continue;
        byte = type;
        put_file_bytes(file, bad);
        EXPECT_NE(verify_ledger(options_).exit_code, 0) << name << " " << back << " from the end";
      }
    }
    put_file_bytes(file, good);
  }
  EXPECT_EQ(verify_ledger(options_).exit_code, 0);
}

}  // namespace
}  // namespace phantom::test
