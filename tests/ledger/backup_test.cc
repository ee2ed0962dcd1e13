#include "ledger/backup.h"

#include "ledger/backup_source.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/restore.h"
#include "ledger/trust.h"
#include "tests/support/ledger_home.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::map<std::string, std::string> files_of(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& each : fs::recursive_directory_iterator(directory)) {
    if (!each.is_regular_file()) continue;
    files[each.path().lexically_relative(directory).string()] = read_text(each.path());
  }
  return files;
}

void write_files(const fs::path& directory, const std::map<std::string, std::string>& files) {
  for (const auto& [name, content] : files) {
    fs::create_directories((directory / name).parent_path());
    write_text(directory / name, content);
  }
}

void append(LedgerHome& ledger, std::size_t count) {
  const auto appender = ledger.open();
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(appender->append(note_draft(i, "session:" + std::to_string(i % 3))).ok());
  }
  ASSERT_TRUE(appender->close().ok());
}

// The same in as few commits as it takes.
void append_together(LedgerHome& ledger, std::size_t count) {
  const auto appender = ledger.open();
  for (std::size_t i = 0; i < count; ++i) {
    appender->append_async(note_draft(i), [](const Result<Receipt>& r) { EXPECT_TRUE(r.ok()); });
  }
  ASSERT_TRUE(appender->close().ok());
}

SignedCheckpoint head_of(const Home& home) { return open_reader(home.ledger()).value()->head(); }

Result<Backup> back_up(const Home& home, const fs::path& directory) {
  const auto copy = read_head_file(LedgerFiles{home.ledger()}.head());
  const std::unique_ptr<LedgerReader> reader = std::move(open_reader(home.ledger()).value());
  BackupOptions options;
  options.directory = directory;
  const std::string origin = reader->head().checkpoint.origin;
  options.key = pinned_key(home, origin).value().value();
  options.trust = pinned_checkpoint(home, origin).value();
  if (copy) options.head_copy = copy->newest;
  return write_backup(*reader, options);
}

void copy_keys(const Home& from, const Home& to) {
  fs::create_directories(to.root);
  fs::permissions(to.root, fs::perms::owner_all);
  fs::copy(from.keys(), to.keys());
  fs::permissions(to.keys(), fs::perms::owner_all);
}

Result<Restored> restore(const fs::path& backup, const Home& home, RestoreOptions options = {}) {
  options.backup = backup;
  options.context.component = "test";
  return restore_ledger(home, options);
}

VerifyReport verify(const Home& home) {
  VerifyOptions options;
  options.ledger = home.ledger();
  const std::string origin = head_of(home).checkpoint.origin;
  options.key = pinned_key(home, origin).value();
  if (const auto trust = pinned_checkpoint(home, origin).value()) options.trust = trust->note;
  return verify_ledger(options);
}

std::vector<Bytes> entries_of(const Home& home, std::uint64_t size) {
  std::vector<Bytes> entries;
  const std::unique_ptr<LedgerReader> reader = std::move(open_reader(home.ledger()).value());
  EXPECT_TRUE(reader
                  ->scan(0, size,
                         [&](Seq, const Bytes& entry) {
                           entries.push_back(entry);
                           return true;
                         })
                  .ok());
  return entries;
}

std::vector<std::string> notes_of(const Home& home, std::uint64_t size) {
  std::vector<std::string> notes;
  const std::unique_ptr<LedgerReader> reader = std::move(open_reader(home.ledger()).value());
  EXPECT_TRUE(reader
                  ->commits(0,
                            [&](const SignedCheckpoint& note) {
                              if (note.checkpoint.size <= size) notes.push_back(note.note);
                              return true;
                            })
                  .ok());
  return notes;
}

std::string error_of(const auto& result) { return result.ok() ? "" : result.error().message; }

class BackupTest : public testing::Test {
 protected:
  BackupTest() { ledger.create(); }
  const Home& home() const { return ledger.home(); }
  Home other_home(const char* name = "other") const { return Home{work / name}; }

  LedgerHome ledger;
  TempDir work;
  fs::path backup = work / "backup";
};

TEST_F(BackupTest, RestoresEveryEntryAndEveryNoteByteForByte) {
  append(ledger, 300);
  const auto written = back_up(home(), backup);
  ASSERT_TRUE(written.ok()) << error_of(written);
  EXPECT_EQ(written->checkpoint.size, 301U);
  EXPECT_EQ(written->commits, 301U);

  const Home other = other_home();
  copy_keys(home(), other);
  const auto restored = restore(backup, other);
  ASSERT_TRUE(restored.ok()) << error_of(restored);
  EXPECT_EQ(restored->restored, written->checkpoint);
  EXPECT_EQ(restored->head.size, 303U);
  EXPECT_EQ(restored->epoch, 2U);
  EXPECT_EQ(entries_of(other, 301), entries_of(home(), 301));
  EXPECT_EQ(notes_of(other, 301), notes_of(home(), 301));
  const VerifyReport report = verify(other);
  EXPECT_EQ(report.verdict, Verdict::kVerified);
  EXPECT_EQ(report.rung, 3);
}

TEST_F(BackupTest, ARestoredLedgerGoesOn) {
  append(ledger, 5);
  ASSERT_TRUE(back_up(home(), backup).ok());
  const Home other = other_home();
  copy_keys(home(), other);
  ASSERT_TRUE(restore(backup, other).ok());
  EXPECT_FALSE(fs::exists(epoch_key_file(other.keys(), 1)));
  auto appender = open_appender(other, {});
  ASSERT_TRUE(appender.ok()) << error_of(appender);
  ASSERT_TRUE((*appender)->append(note_draft(1)).ok());
  ASSERT_TRUE((*appender)->close().ok());
  EXPECT_EQ(verify(other).verdict, Verdict::kVerified);
}

TEST_F(BackupTest, ASecondRunWritesOnlyWhatIsNew) {
  append_together(ledger, 600);
  ASSERT_TRUE(back_up(home(), backup).ok());
  const auto before = files_of(backup);
  append(ledger, 3);
  const auto second = back_up(home(), backup);
  ASSERT_TRUE(second.ok()) << error_of(second);
  EXPECT_EQ(second->size_before, 601U);
  EXPECT_EQ(second->commits, 3U);
  std::size_t changed = 0;
  for (const auto& [name, content] : files_of(backup)) {
    const auto old = before.find(name);
    if (old == before.end() || old->second != content) ++changed;
  }
  // Partial bundle, its tile, the file of notes, the checkpoint.
  EXPECT_EQ(changed, 4U);
  EXPECT_LE(second->files, 4U);
}

TEST_F(BackupTest, ARunWithNothingNewChangesNothing) {
  append(ledger, 3);
  ASSERT_TRUE(back_up(home(), backup).ok());
  const auto before = files_of(backup);
  const auto again = back_up(home(), backup);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->files, 0U);
  EXPECT_EQ(files_of(backup), before);
}

// What a run that was cut off leaves is the old checkpoint with some of the new files.
TEST_F(BackupTest, ARunCutOffAnywhereLeavesTheOldBackupGood) {
  append(ledger, 300);
  ASSERT_TRUE(back_up(home(), backup).ok());
  const auto old_files = files_of(backup);
  const SignedCheckpoint old_head = head_of(home());
  const std::vector<Bytes> old_entries = entries_of(home(), old_head.checkpoint.size);
  append(ledger, 300);
  append_together(ledger, 200);
  const auto second = back_up(home(), backup);
  ASSERT_TRUE(second.ok()) << error_of(second);
  const auto new_files = files_of(backup);

  SeededRandom random(5);
  for (int round = 0; round < 4; ++round) {
    auto mixed = old_files;
    for (const auto& [name, content] : new_files) {
      std::array<std::uint8_t, 1> coin{};
      random.fill(coin);
      if (name != "checkpoint" && (coin[0] & 1) != 0) mixed[name] = content;
    }
    const fs::path torn = work / ("torn" + std::to_string(round));
    write_files(torn, mixed);
    const Home other = other_home(("home" + std::to_string(round)).c_str());
    copy_keys(home(), other);
    const auto restored = restore(torn, other);
    ASSERT_TRUE(restored.ok()) << error_of(restored);
    EXPECT_EQ(restored->restored, old_head.checkpoint);
    EXPECT_EQ(entries_of(other, old_head.checkpoint.size), old_entries);
    // And the next run completes it.
    const auto completed = back_up(home(), torn);
    ASSERT_TRUE(completed.ok()) << error_of(completed);
    auto now = files_of(torn);
    for (const auto& [name, content] : new_files) {
      EXPECT_TRUE(now[name] == content) << name;
    }
  }
}

TEST_F(BackupTest, ALedgerThatWasRolledBackDoesNotReplaceAGoodBackup) {
  append(ledger, 5);
  fs::copy(home().ledger(), work / "old", fs::copy_options::recursive);
  append(ledger, 5);
  ASSERT_TRUE(back_up(home(), backup).ok());
  const auto before = files_of(backup);
  fs::remove_all(home().ledger());
  fs::copy(work / "old", home().ledger(), fs::copy_options::recursive);
  const auto refused = back_up(home(), backup);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kCorrupt);
  EXPECT_THAT(refused.error().message, HasSubstr("the ledger says:"));
  EXPECT_EQ(files_of(backup), before);
}

TEST_F(BackupTest, AStoreThatIsBehindItsHeadCopyIsNotBackedUp) {
  append(ledger, 2);
  fs::copy(home().ledger() / "db", work / "db", fs::copy_options::recursive);
  append(ledger, 2);
  fs::remove_all(home().ledger() / "db");
  fs::copy(work / "db", home().ledger() / "db", fs::copy_options::recursive);
  const auto refused = back_up(home(), backup);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("older than its head copy"));
  EXPECT_FALSE(fs::exists(backup));
}

TEST_F(BackupTest, ADirectoryOfSomethingElseIsLeftAlone) {
  fs::create_directory(backup);
  write_text(backup / "letter", "dear");
  EXPECT_EQ(back_up(home(), backup).error().code, Code::kExists);
  EXPECT_EQ(files_of(backup).size(), 1U);

  LedgerHome stranger;
  stranger.create();
  ASSERT_TRUE(back_up(stranger.home(), work / "stranger").ok());
  EXPECT_EQ(back_up(home(), work / "stranger").error().code, Code::kExists);
}

TEST_F(BackupTest, RestoreRefusesWhereThereIsALedgerOrNoKey) {
  append(ledger, 2);
  ASSERT_TRUE(back_up(home(), backup).ok());
  EXPECT_EQ(restore(backup, home()).error().code, Code::kExists);
  EXPECT_EQ(restore(backup, other_home()).error().code, Code::kNotFound);
  EXPECT_FALSE(fs::exists(other_home().ledger()));
  EXPECT_EQ(restore(work / "nothing", other_home()).error().code, Code::kNotFound);
  LedgerHome stranger;
  stranger.create();
  fs::remove_all(stranger.home().ledger());
  EXPECT_EQ(restore(backup, stranger.home()).error().code, Code::kExists);
}

TEST_F(BackupTest, OfAnEpochWhoseKeyIsGoneCannotBeGoneOnWith) {
  append(ledger, 2);
  ASSERT_TRUE(back_up(home(), backup).ok());
  const Home other = other_home();
  copy_keys(home(), other);
  fs::remove(epoch_key_file(other.keys(), 1));
  const auto refused = restore(backup, other);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("epoch 1"));
  EXPECT_FALSE(fs::exists(other.ledger()));
}

TEST_F(BackupTest, AnyByteThatRestoreReadsIsChecked) {
  append_together(ledger, 270);
  ASSERT_TRUE(back_up(home(), backup).ok());
  const auto files = files_of(backup);
  const std::vector<Bytes> entries = entries_of(home(), 271);
  int round = 0;
  for (const auto& [name, content] : files) {
    if (name.starts_with("tile/0") || name.starts_with("tile/1")) continue;  // verify reads those
    for (const std::size_t at : {std::size_t{0}, content.size() / 2, content.size() - 1}) {
      auto damaged = files;
      damaged[name][at] = static_cast<char>(damaged[name][at] ^ 0x20);
      const fs::path copy = work / ("copy" + std::to_string(round));
      write_files(copy, damaged);
      const Home other = other_home(("home" + std::to_string(round++)).c_str());
      copy_keys(home(), other);
      const auto restored = restore(copy, other);
      if (restored.ok()) {
        // The pin of the key is there for people; the key itself decides.
        EXPECT_TRUE(name.ends_with(".vkey")) << name << " " << at;
        EXPECT_EQ(entries_of(other, 271), entries);
      } else {
        EXPECT_FALSE(fs::exists(other.ledger())) << name << " " << at;
      }
    }
  }
  EXPECT_GT(round, 10);
}

class OldBackupTest : public BackupTest {
 protected:
  // The backup is of 6 events; 9 were verified here; then the ledger is lost.
  OldBackupTest() {
    append(ledger, 5);
    EXPECT_TRUE(back_up(home(), backup).ok());
    append(ledger, 3);
    newest = head_of(home());
    EXPECT_TRUE(advance_checkpoint(home(), newest.note).ok());
  }
  void lose_ledger() const { fs::remove_all(home().ledger()); }
  RestoreOptions accepting() const {
    RestoreOptions options;
    options.accept_loss = [](const Checkpoint&, const KnownCheckpoint&) {
      return std::string("disk died");
    };
    return options;
  }
  SignedCheckpoint newest;
};

TEST_F(OldBackupTest, IsRefusedWithBothNotes) {
  lose_ledger();
  const auto refused = restore(backup, home());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kCorrupt);
  EXPECT_THAT(refused.error().message, HasSubstr("3 events would be lost"));
  EXPECT_THAT(refused.error().message, HasSubstr(newest.note));
  EXPECT_THAT(refused.error().message, HasSubstr("\n6\n"));
  EXPECT_FALSE(fs::exists(home().ledger()));
}

TEST_F(OldBackupTest, IsRefusedForAHeadCopyOrAnAnchorToo) {
  const Home with_head = other_home("with_head");
  copy_keys(home(), with_head);
  fs::create_directory(with_head.ledger());
  fs::copy(home().ledger() / "head", with_head.ledger() / "head");
  const auto by_head = restore(backup, with_head);
  ASSERT_FALSE(by_head.ok());
  EXPECT_THAT(by_head.error().message, HasSubstr("the head copy"));

  const Home plain = other_home("plain");
  copy_keys(home(), plain);
  RestoreOptions options;
  options.anchors.push_back(newest);
  const auto by_anchor = restore(backup, plain, options);
  ASSERT_FALSE(by_anchor.ok());
  EXPECT_THAT(by_anchor.error().message, HasSubstr("an anchor"));
}

TEST_F(OldBackupTest, IsRestoredWhenAPersonAcceptsTheLossAndTheOldPinIsKept) {
  lose_ledger();
  const auto restored = restore(backup, home(), accepting());
  ASSERT_TRUE(restored.ok()) << error_of(restored);
  EXPECT_EQ(restored->lost, newest.checkpoint);
  EXPECT_EQ(verify(home()).verdict, Verdict::kVerified);
  bool kept = false;
  for (const auto& each : fs::directory_iterator(home().trust())) {
    if (each.path().filename().string().find(".checkpoint.lost-") == std::string::npos) continue;
    kept = read_text(each.path()) == newest.note;
  }
  EXPECT_TRUE(kept);
}

TEST_F(OldBackupTest, AnAttemptThatDiedAfterTheRenameIsFinished) {
  lose_ledger();
  ASSERT_TRUE(restore(backup, home(), accepting()).ok());
  // As it was right after the rename: the old pin, no new one, and the marker.
  const std::string origin = newest.checkpoint.origin;
  fs::path pin;
  for (const auto& each : fs::directory_iterator(home().trust())) {
    if (each.path().filename().string().find(".lost-") != std::string::npos) {
      fs::remove(each.path());
    } else if (each.path().extension() == ".checkpoint") {
      pin = each.path();
    }
  }
  write_text(pin, newest.note);
  write_text(home().root / "restoring", head_of(home()).note);
  EXPECT_EQ(verify(home()).verdict, Verdict::kFailed);
  const auto finished = restore(backup, home());
  ASSERT_TRUE(finished.ok()) << error_of(finished);
  EXPECT_TRUE(finished->finished_earlier);
  EXPECT_EQ(verify(home()).verdict, Verdict::kVerified);
  EXPECT_FALSE(fs::exists(home().root / "restoring"));
}

TEST_F(OldBackupTest, AnotherHistoryIsNeverAccepted) {
  // The other home goes on from the backup with events of its own.
  const Home other = other_home();
  copy_keys(home(), other);
  ASSERT_TRUE(restore(backup, other).ok());
  {
    auto appender = open_appender(other, {});
    ASSERT_TRUE(appender.ok());
    for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE((*appender)->append(note_draft(i)).ok());
    ASSERT_TRUE((*appender)->close().ok());
  }
  ASSERT_TRUE(back_up(other, work / "fork").ok());
  lose_ledger();
  fs::copy(other.keys(), home().keys(), fs::copy_options::overwrite_existing);
  const auto refused = restore(work / "fork", home(), accepting());
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("another history"));
  EXPECT_FALSE(fs::exists(home().ledger()));
}

TEST(BackupFiles, NotesSplitAsTheyWereJoined) {
  Bytes file;
  backup::append_note(file, "one\n\nsig\n");
  backup::append_note(file, "two");
  EXPECT_EQ(backup::split_notes(file).value(), (std::vector<std::string>{"one\n\nsig\n", "two"}));
  file.pop_back();
  EXPECT_FALSE(backup::split_notes(file).ok());
  EXPECT_FALSE(backup::split_notes(Bytes{0}).ok());
  EXPECT_FALSE(backup::split_notes(Bytes{0, 0}).ok());
}

TEST(BackupFiles, FormatIsExact) {
  EXPECT_EQ(backup::parse_format(backup::format_text("phantom.local/a")).value(),
            "phantom.local/a");
  EXPECT_EQ(backup::parse_format("phantom-backup/2\nx\n").error().code, Code::kUnsupported);
  EXPECT_EQ(backup::parse_format("something").error().code, Code::kInvalid);
  EXPECT_EQ(backup::parse_format("phantom-backup/1\nx\nmore\n").error().code, Code::kInvalid);
  EXPECT_EQ(backup::commits_path(1'234'067), "commits/x001/x234/067");
}

TEST(BackupFiles, OnlyThoseTheCheckpointReliesOnCount) {
  TempDir work;
  const auto note_over = [](std::uint64_t size) {
    return Checkpoint{"phantom.local/a", size, {}}.text() + "\n\xe2\x80\x94 a AAAAAAAA\n";
  };
  ASSERT_TRUE(parse_checkpoint(note_over(7)).ok());
  EXPECT_EQ(backup::count_commit_files(work.path(), 1'000).value(), 0U);
  for (std::uint64_t n = 0; n < 20; ++n) {
    Bytes file;
    backup::append_note(file, note_over(10 * n + 1));
    const fs::path path = work / backup::commits_path(n);
    fs::create_directories(path.parent_path());
    write_text(path, as_text(file));
    EXPECT_EQ(backup::count_commit_files(work.path(), 10 * n + 1).value(), n + 1);
    EXPECT_EQ(backup::count_commit_files(work.path(), 10 * n).value(), n);
    EXPECT_EQ(backup::count_commit_files(work.path(), 1'000).value(), n + 1);
  }
  write_text(work / backup::commits_path(15), "torn");
  EXPECT_EQ(backup::count_commit_files(work.path(), 101).value(), 11U);
}

}  // namespace
}  // namespace phantom::test
