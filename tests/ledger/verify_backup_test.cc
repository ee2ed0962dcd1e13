#include "ledger/verify_backup.h"

#include "events/encoding.h"
#include "ledger/backup.h"
#include "ledger/backup_files.h"
#include "ledger/trust.h"
#include "tests/support/ledger_home.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

CheckState state_of(const VerifyReport& report, std::string_view id) {
  for (const Check& check : report.checks) {
    if (check.id == id) return check.state;
  }
  return CheckState::kNotEvaluated;
}

std::string reason_of(const VerifyReport& report, std::string_view id) {
  for (const Check& check : report.checks) {
    if (check.id == id) return check.reason;
  }
  return "";
}

// Reason of the check that failed, "id: reason".
std::string failed(const VerifyReport& report) {
  for (const Check& check : report.checks) {
    if (check.state == CheckState::kFail) return check.id + ": " + check.reason;
  }
  return "";
}

class VerifyBackup : public testing::Test {
 protected:
  VerifyBackup() {
    ledger_.create();
    append(ledger_, 2);
    back_up(ledger_, directory);
    options.key = key_of(ledger_);
  }

  static void append(LedgerHome& ledger, std::size_t count) {
    const auto appender = ledger.open();
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(appender->append(note_draft(i, "session:" + std::to_string(i % 3))).ok());
    }
    ASSERT_TRUE(appender->close().ok());
  }

  static VerifierKey key_of(const LedgerHome& ledger) {
    const auto reader = std::move(open_reader(ledger.home().ledger()).value());
    return pinned_key(ledger.home(), reader->head().checkpoint.origin).value().value();
  }

  static void back_up(const LedgerHome& ledger, const fs::path& directory) {
    const auto reader = std::move(open_reader(ledger.home().ledger()).value());
    const std::string origin = reader->head().checkpoint.origin;
    BackupOptions how;
    how.directory = directory;
    how.key = key_of(ledger);
    how.trust = pinned_checkpoint(ledger.home(), origin).value();
    const auto made = write_backup(*reader, how);
    ASSERT_TRUE(made.ok()) << made.error().message;
  }

  VerifyReport verify() const { return verify_backup(directory, options); }

  std::vector<std::string> notes() const { return backup::read_notes(directory, 0).value(); }
  void write_notes(const std::vector<std::string>& notes) const {
    Bytes file;
    for (const std::string& note : notes) backup::append_note(file, note);
    write_text(directory / "commits/000", std::string(as_text(file)));
  }

  LedgerHome ledger_;
  TempDir work;
  fs::path directory = work / "backup";
  VerifyOptions options;
};

TEST_F(VerifyBackup, GoodOneIsAuthenticToThePinnedKey) {
  const VerifyReport report = verify();
  EXPECT_EQ(report.exit_code, 0) << failed(report);
  EXPECT_EQ(report.rung, 2);
  for (const char* id : {"format", "checkpoints", "pins"}) {
    EXPECT_EQ(state_of(report, id), CheckState::kPass) << id;
  }
}

TEST_F(VerifyBackup, ItsOwnPinsProveNothing) {
  options.key.reset();
  const VerifyReport report = verify();
  EXPECT_EQ(report.exit_code, 3);
  EXPECT_EQ(report.rung, 1);
}

TEST_F(VerifyBackup, NoChangedFileIsVerified) {
  for (const auto& each : fs::recursive_directory_iterator(directory)) {
    if (!each.is_regular_file()) continue;
    const std::string good = read_text(each.path());
    // Small files byte by byte, of the others some in every hash, entry and signature.
    const std::size_t step = good.size() < 150 ? 1 : 11;
    for (std::size_t at = 0; at < good.size(); at += step) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 7)));
      write_text(each.path(), bad);
      ASSERT_NE(verify().exit_code, 0) << each.path() << " byte " << at;
    }
    for (const std::string& bad :
         {good.substr(0, good.size() - 1), good + "x", good + good, std::string()}) {
      write_text(each.path(), bad);
      ASSERT_NE(verify().exit_code, 0) << each.path() << " with " << bad.size() << " bytes";
    }
    fs::remove(each.path());
    if (each.path().extension() != ".checkpoint") {
      ASSERT_NE(verify().exit_code, 0) << each.path() << " missing";
    }
    write_text(each.path(), good);
  }
  EXPECT_EQ(verify().exit_code, 0);
}

TEST_F(VerifyBackup, NotesAreExactlyThoseOfTheCommits) {
  const std::vector<std::string> good = notes();
  ASSERT_GE(good.size(), 3U);
  std::vector<std::string> bad = good;
  bad.erase(bad.begin() + 1);
  write_notes(bad);
  EXPECT_THAT(failed(verify()), HasSubstr("checkpoints: the checkpoint over"));
  bad = good;
  bad.insert(bad.begin() + 1, good[1]);
  write_notes(bad);
  EXPECT_THAT(failed(verify()), HasSubstr("in its place stands one over"));
  bad = good;
  std::swap(bad[0], bad[1]);
  write_notes(bad);
  EXPECT_THAT(failed(verify()), HasSubstr("in its place stands one over"));
  bad = good;
  bad.pop_back();
  write_notes(bad);
  EXPECT_THAT(failed(verify()), HasSubstr("is not in the backup"));
  bad = good;
  bad.push_back(good.back());
  write_notes(bad);
  EXPECT_THAT(failed(verify()), HasSubstr("no commit calls for"));
  write_notes(good);
  EXPECT_THAT(failed(verify()), IsEmpty());
}

TEST_F(VerifyBackup, BothSignaturesOfEveryCommitAreChecked) {
  const std::vector<std::string> good = notes();
  for (std::size_t i = 0; i < good.size(); ++i) {
    const std::size_t first = good[i].find("\n\n") + 2;
    const std::size_t second = good[i].find('\n', first) + 1;
    // Without one of the two lines, and with a signature of another commit in either.
    const std::string text = good[i].substr(0, first);
    const std::string lines[] = {good[i].substr(first, second - first), good[i].substr(second)};
    const std::string& other = good[(i + 1) % good.size()];
    const std::size_t other_first = other.find("\n\n") + 2;
    const std::size_t other_second = other.find('\n', other_first) + 1;
    for (const std::string& bad :
         {text + lines[0], text + lines[1], text + lines[0] + other.substr(other_second),
          text + other.substr(other_first, other_second - other_first) + lines[1],
          text + lines[0] + lines[0]}) {
      std::vector<std::string> all = good;
      all[i] = bad;
      write_notes(all);
      EXPECT_THAT(failed(verify()), HasSubstr("checkpoints: the checkpoint over"));
    }
  }
}

TEST_F(VerifyBackup, AnotherLedgersNotesOrKeyFail) {
  LedgerHome other;
  other.create();
  append(other, 2);
  const fs::path theirs = work / "theirs";
  back_up(other, theirs);
  fs::copy_file(theirs / "commits/000", directory / "commits/000",
                fs::copy_options::overwrite_existing);
  EXPECT_THAT(failed(verify()), HasSubstr("checkpoints: "));
  directory = theirs;
  EXPECT_THAT(failed(verify()), HasSubstr("key: "));
}

TEST_F(VerifyBackup, NotesBehindTheCheckpointAreOfARunThatWasCutOff) {
  const std::string checkpoint = read_text(directory / "checkpoint");
  const auto before = notes().size();
  append(ledger_, 2);
  back_up(ledger_, directory);
  ASSERT_EQ(notes().size(), before + 2);
  write_text(directory / "checkpoint", checkpoint);
  const VerifyReport report = verify();
  EXPECT_EQ(report.exit_code, 0) << failed(report);
  EXPECT_THAT(reason_of(report, "checkpoints"), HasSubstr("2 notes behind"));
}

TEST_F(VerifyBackup, ManyFilesOfNotesAndEpochsVerify) {
  {
    AppenderOptions options_of_writer;
    options_of_writer.epoch_events_max = 200;
    const auto appender = ledger_.open(options_of_writer);
    for (std::size_t i = 0; i < 600; ++i) ASSERT_TRUE(appender->append(note_draft(i)).ok());
    ASSERT_TRUE(appender->close().ok());
  }
  back_up(ledger_, directory);
  const VerifyReport good = verify();
  EXPECT_EQ(good.exit_code, 0) << failed(good);
  EXPECT_GE(good.epochs, 3U);
  fs::remove(directory / "commits/001");
  EXPECT_THAT(failed(verify()), HasSubstr("is not in the backup"));
}

TEST_F(VerifyBackup, NothingThereIsIndeterminateAndFailsForWhoKnowsOfEvents) {
  directory = work / "nowhere";
  EXPECT_EQ(verify().exit_code, 3);
  options.anchors = {read_text(work / "backup/checkpoint")};
  EXPECT_THAT(failed(verify()), HasSubstr("anchors: the log is gone"));
}

TEST_F(VerifyBackup, PublishedLogIsNoBackup) {
  fs::remove(directory / "format");
  EXPECT_EQ(verify().exit_code, 3);
  write_text(directory / "format", "phantom-backup/9\nx\n");
  EXPECT_EQ(verify().exit_code, 3);
}

}  // namespace
}  // namespace phantom::test
