// The writer when things go wrong: failed syncs, full disks, rolled back stores, lost keys.

#include "ledger/writer.h"

#include "events/catalog.h"
#include "events/envelope.h"
#include "events/tags.h"
#include "ledger/epochs.h"
#include "ledger/reader.h"
#include "schema/events_generated.h"
#include "tests/support/ledger_fault_fs.h"
#include "tests/support/ledger_home.h"
#include "tests/support/ledger_promises.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

std::uint64_t size_of(const Home& home) {
  auto reader = open_reader(home.ledger());
  PH_CHECK(reader.ok(), reader.ok() ? "" : reader.error().message.c_str());
  return (*reader)->head().checkpoint.size;
}

TEST(Writer, OneAppendIsOneSyncedBatch) {
  LedgerHome home;
  home.create();
  FaultFs faults;
  WriterOptions options;
  options.store.env = faults.env();
  auto writer = open_writer(home.home(), options);
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  ASSERT_TRUE(submit_and_wait(**writer, identified_draft(1)).ok());
  const std::uint64_t before = faults.log_syncs();
  ASSERT_TRUE(submit_and_wait(**writer, identified_draft(2)).ok());
  EXPECT_EQ(faults.log_syncs() - before, 1U);
}

TEST(Writer, ManyCallersShareSyncs) {
  LedgerHome home;
  home.create();
  FaultFs faults;
  WriterOptions options;
  options.store.env = faults.env();
  auto writer = open_writer(home.home(), options);
  ASSERT_TRUE(writer.ok());
  const std::uint64_t before = faults.log_syncs();
  std::vector<std::future<Result<Receipt>>> receipts;
  for (std::uint64_t i = 0; i < 400; ++i) {
    auto promise = std::make_shared<std::promise<Result<Receipt>>>();
    receipts.push_back(promise->get_future());
    Draft draft = note_draft(i);
    draft.id = make_event_id(system_clock(), system_random());
    (*writer)->submit({std::move(draft), std::nullopt, [promise](Result<Receipt> result) {
                         promise->set_value(std::move(result));
                       }});
  }
  for (auto& receipt : receipts) ASSERT_TRUE(receipt.get().ok());
  EXPECT_LT(faults.log_syncs() - before, 100U);
}

class WriterFault : public testing::TestWithParam<LogFault> {};

TEST_P(WriterFault, LatchesUntilReopenedAndTheIdDecidesWhatHappened) {
  LedgerHome home;
  home.create();
  FaultFs faults;
  WriterOptions options;
  options.store.env = faults.env();
  Draft doubtful = note_draft(2);
  doubtful.id = make_event_id(system_clock(), system_random());
  {
    auto writer = open_writer(home.home(), options);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(submit_and_wait(**writer, identified_draft(1)).ok());
    faults.set(GetParam());
    const auto answer = submit_and_wait(**writer, doubtful);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, Code::kIndeterminate);
    EXPECT_FALSE(answer.error().hint.empty());
    faults.set(LogFault::kNone);
    const auto after = submit_and_wait(**writer, identified_draft(3));
    ASSERT_FALSE(after.ok()) << "a writer in doubt must not go on";
    EXPECT_EQ(after.error().code, Code::kClosed);
    EXPECT_NE(after.error().message.find("was not recorded"), std::string::npos);
    EXPECT_EQ((*writer)->head().checkpoint.size, 2U);
  }
  auto reopened = open_writer(home.home());
  ASSERT_TRUE(reopened.ok()) << reopened.error().message;
  const auto again = submit_and_wait(**reopened, doubtful);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->seq, 2U) << "once, whether the first attempt had reached the disk or not";
  const auto next = submit_and_wait(**reopened, identified_draft(3));
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->seq, 3U);
}

INSTANTIATE_TEST_SUITE_P(BothWays, WriterFault,
                         testing::Values(LogFault::kSyncFails, LogFault::kAppendFails,
                                         LogFault::kAppendTorn, LogFault::kDiskFull),
                         [](const auto& fault) -> std::string {
                           switch (fault.param) {
                             case LogFault::kSyncFails:
                               return "SyncFails";
                             case LogFault::kAppendFails:
                               return "AppendFails";
                             case LogFault::kAppendTorn:
                               return "AppendTorn";
                             case LogFault::kDiskFull:
                               return "DiskFull";
                             case LogFault::kNone:
                               break;
                           }
                           return "None";
                         });

TEST(Writer, FullDiskIsRefusedBeforeAnythingIsWritten) {
  LedgerHome home;
  home.create();
  WriterOptions options;
  options.free_bytes_min = std::uint64_t{1} << 60;
  auto writer = open_writer(home.home(), options);
  ASSERT_TRUE(writer.ok());
  const auto answer = submit_and_wait(**writer, identified_draft(1));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kLimit);
  EXPECT_FALSE((*writer)->broken());
  ASSERT_TRUE((*writer)->close().ok());
  EXPECT_EQ(size_of(home.home()), 1U);
}

TEST(Writer, FullDiskIsTheLastThingOnRecordUntilThereIsRoom) {
  LedgerHome home;
  home.create();
  const fs::path reserve = LedgerFiles{home.home().ledger()}.reserve();
  {
    auto writer = open_writer(home.home());
    ASSERT_TRUE(submit_and_wait(**writer, identified_draft(1)).ok());
    ASSERT_EQ(fs::file_size(reserve), DiskReserve::kBytes);
  }
  {
    WriterOptions options;
    options.free_bytes_min = std::uint64_t{1} << 60;  // the disk is full from now on
    auto writer = open_writer(home.home(), options);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(submit_and_wait(**writer, identified_draft(2)).error().code, Code::kLimit);
    }
    EXPECT_EQ(fs::file_size(reserve), 0U);
    EXPECT_FALSE((*writer)->broken());
  }
  auto reader = open_reader(home.home().ledger());
  ASSERT_EQ((*reader)->head().checkpoint.size, 3U) << "the last words, once";
  EXPECT_EQ((*parse_entry(*(*reader)->entry(2)))->type(), event_no<schema::LedgerDiskLow>());
  auto writer = open_writer(home.home());
  EXPECT_EQ(submit_and_wait(**writer, identified_draft(3))->seq, 3U);
  EXPECT_EQ(fs::file_size(reserve), DiskReserve::kBytes);
  ASSERT_TRUE((*writer)->close().ok());
  EXPECT_EQ(home.verify().exit_code, 0);
}

TEST(Writer, ManyShortRunsDoNotPileUpLogs) {
  LedgerHome home;
  home.create();
  for (std::uint64_t i = 0; i < 30; ++i) {
    auto writer = open_writer(home.home());
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(submit_and_wait(**writer, identified_draft(i)).ok());
  }
  std::size_t logs = 0;
  for (const auto& file : fs::directory_iterator(home.home().ledger() / "db")) {
    if (file.path().extension() == ".log") ++logs;
  }
  EXPECT_LE(logs, 10U);
  EXPECT_EQ(size_of(home.home()), 31U);
}

TEST(Writer, FullQueueIsRefusedAtOnce) {
  LedgerHome home;
  home.create();
  WriterOptions options;
  options.queue_events_max = 0;
  auto writer = open_writer(home.home(), options);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(submit_and_wait(**writer, identified_draft(1)).error().code, Code::kLimit);
}

TEST(Writer, F19RemovedLedgerIsNoticedBeforeTheNextEvent) {
  LedgerHome home;
  home.create();
  auto writer = open_writer(home.home());
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(submit_and_wait(**writer, identified_draft(1)).ok());
  fs::rename(home.home().ledger(), home.home().root / "moved");
  const auto answer = submit_and_wait(**writer, identified_draft(2));
  ASSERT_FALSE(answer.ok());
  EXPECT_NE(answer.error().message.find("removed or replaced"), std::string::npos);
}

TEST(Writer, RolledBackStoreIsRefusedWithBothNotes) {
  LedgerHome home;
  home.create();
  const fs::path db = home.home().ledger() / "db";
  fs::copy(db, home.home().root / "old", fs::copy_options::recursive);
  {
    auto writer = open_writer(home.home());
    ASSERT_TRUE(submit_and_wait(**writer, identified_draft(1)).ok());
  }
  fs::remove_all(db);
  fs::rename(home.home().root / "old", db);
  const auto writer = open_writer(home.home());
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, Code::kCorrupt);
  EXPECT_NE(writer.error().message.find("rolled back"), std::string::npos);
  EXPECT_NE(writer.error().message.find("\n2\n"), std::string::npos) << "the evidence is shown";
}

TEST(Writer, HeadCopyBehindOrDamagedIsRepaired) {
  LedgerHome home;
  home.create();
  const fs::path head = home.home().ledger() / "head";
  const Bytes old_head = *read_file(head, kHeadFileBytes);
  {
    auto writer = open_writer(home.home());
    ASSERT_TRUE(submit_and_wait(**writer, identified_draft(1)).ok());
  }
  Bytes damaged = *read_file(head, kHeadFileBytes);
  damaged[100] ^= 1;
  for (const Bytes& content : {old_head, damaged, Bytes()}) {
    if (content.empty()) {
      fs::remove(head);
    } else {
      ASSERT_TRUE(write_file_durably(head, content, 0600).ok());
    }
    auto writer = open_writer(home.home());
    ASSERT_TRUE(writer.ok()) << writer.error().message;
    ASSERT_TRUE((*writer)->close().ok());
    const auto repaired = read_head_file(head);
    ASSERT_TRUE(repaired.ok());
    EXPECT_FALSE(repaired->damaged);
    EXPECT_EQ(repaired->newest->checkpoint.size, 2U);
  }
}

TEST(Writer, OtherLedgersHeadCopyIsAFork) {
  LedgerHome home;
  LedgerHome other;
  home.create();
  other.create();
  fs::copy_file(other.home().ledger() / "head", home.home().ledger() / "head",
                fs::copy_options::overwrite_existing);
  const auto writer = open_writer(home.home());
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, Code::kCorrupt);
}

TEST(Writer, MissingOrForeignKeysAreRefused) {
  LedgerHome home;
  LedgerHome other;
  home.create();
  other.create();
  const fs::path key = log_key_file(home.home().keys());
  fs::rename(key, key.string() + ".away");
  EXPECT_EQ(open_writer(home.home()).error().code, Code::kNotFound);
  fs::copy_file(log_key_file(other.home().keys()), key);
  EXPECT_EQ(open_writer(home.home()).error().code, Code::kCorrupt);
  fs::remove(key);
  fs::rename(key.string() + ".away", key);
  fs::permissions(key, fs::perms::owner_read | fs::perms::others_read);
  EXPECT_EQ(open_writer(home.home()).error().code, Code::kDenied);
}

TEST(Writer, EpochKeyChangesAndTheOldSecretIsGone) {
  LedgerHome home;
  home.create();
  WriterOptions options;
  options.epoch_events_max = 4;
  auto writer = open_writer(home.home(), options);
  ASSERT_TRUE(writer.ok());
  for (std::uint64_t i = 0; i < 12; ++i)
    ASSERT_TRUE(submit_and_wait(**writer, identified_draft(i)).ok());
  ASSERT_TRUE((*writer)->close().ok());
  EXPECT_FALSE(fs::exists(epoch_key_file(home.home().keys(), 1)));
  EXPECT_FALSE(fs::exists(epoch_key_file(home.home().keys(), 2)));
  auto reader = open_reader(home.home().ledger());
  std::vector<std::uint64_t> epochs;
  ASSERT_TRUE(
      (*reader)
          ->history(
              kEpochTag,
              [&](Seq, const Bytes& bytes) {
                const schema::Entry* entry = *parse_entry(bytes);
                const Bytes payload(entry->payload()->begin(), entry->payload()->end());
                if (entry->type() == event_no<schema::LedgerEpochAnnounced>()) {
                  epochs.push_back(
                      flatbuffers::GetRoot<schema::LedgerEpochAnnounced>(payload.data())->epoch());
                }
                return true;
              })
          .ok());
  ASSERT_GE(epochs.size(), 2U);
  EXPECT_EQ(epochs.back(), 2U);
  const VerifyReport report = home.verify();
  EXPECT_EQ(report.verdict, Verdict::kVerified);
  EXPECT_EQ(report.epochs, epochs.size() + 1);
  // The next start finds the key in force and goes on.
  auto again = open_writer(home.home(), options);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(submit_and_wait(**again, identified_draft(99)).ok());
}

TEST(Writer, UnannouncedEpochKeyOfACrashIsRemoved) {
  LedgerHome home;
  home.create();
  const std::string origin = open_writer(home.home()).value()->origin();
  const Signer stray = Signer::generate(epoch_name(origin, 2), system_random());
  ASSERT_TRUE(stray.save(epoch_key_file(home.home().keys(), 2)).ok());
  ASSERT_TRUE(open_writer(home.home()).ok());
  EXPECT_FALSE(fs::exists(epoch_key_file(home.home().keys(), 2)));
}

TEST(Writer, OldEpochKeyOfACrashIsDestroyed) {
  LedgerHome home;
  home.create();
  const fs::path old_key = epoch_key_file(home.home().keys(), 1);
  const Bytes kept = *read_file(old_key, 1'024);
  WriterOptions options;
  options.epoch_events_max = 2;
  {
    auto writer = open_writer(home.home(), options);
    for (std::uint64_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(submit_and_wait(**writer, identified_draft(i)).ok());
    }
  }
  ASSERT_FALSE(fs::exists(old_key));
  ASSERT_TRUE(write_file_durably(old_key, kept, 0600).ok());
  ASSERT_TRUE(open_writer(home.home()).ok());
  EXPECT_FALSE(fs::exists(old_key));
}

TEST(Writer, LedgerTimeIsStrictlyIncreasingWhenTheClockStandsStill) {
  struct StandingClock final : Clock {
    std::int64_t wall_ns() const override { return 1'000; }
    std::int64_t mono_ns() const override { return 1; }
    const std::string& boot_id() const override { return id; }
    std::string id = "boot";
  };
  LedgerHome home;
  home.create();
  const StandingClock clock;
  WriterOptions options;
  options.clock = &clock;
  auto writer = open_writer(home.home(), options);
  for (std::uint64_t i = 0; i < 3; ++i) {
    Draft draft = note_draft(i);
    draft.id = make_event_id(clock, system_random());
    ASSERT_TRUE(submit_and_wait(**writer, draft).ok());
  }
  ASSERT_TRUE((*writer)->close().ok());
  std::int64_t last = 0;
  auto reader = open_reader(home.home().ledger());
  ASSERT_TRUE((*reader)
                  ->scan(0, 4,
                         [&](Seq, const Bytes& bytes) {
                           const std::int64_t now = (*parse_entry(bytes))->time_ns();
                           EXPECT_GT(now, last);
                           last = now;
                           return true;
                         })
                  .ok());
}

}  // namespace
}  // namespace phantom::test
