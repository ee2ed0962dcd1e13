// The change of epochs by a running writer: when it is due, when somebody asks, and what a crash
// between its steps leaves.

#include "ledger/epoch_change.h"

#include "events/catalog.h"
#include "events/envelope.h"
#include "events/tags.h"
#include "ledger/reader.h"
#include "ledger/writer.h"
#include "schema/events_generated.h"
#include "tests/support/ledger_fault_fs.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

class EpochChanges : public testing::Test {
 protected:
  EpochChanges() { home_.create(); }

  const Home& home() const { return home_.home(); }
  fs::path key_file(std::uint64_t epoch) const { return epoch_key_file(home().keys(), epoch); }

  Result<std::unique_ptr<Writer>> open(const WriterOptions& options = {}) {
    PH_ASSIGN(Lease lease, Lease::try_acquire(LedgerFiles{home().ledger()}.lock()));
    return Writer::open(home(), std::move(lease), options);
  }

  static Result<Receipt> record(Writer& writer, Draft draft) {
    if (draft.id == EventId{}) draft.id = make_event_id(system_clock(), system_random());
    std::promise<Result<Receipt>> promise;
    auto future = promise.get_future();
    writer.submit({std::move(draft), std::nullopt,
                   [&promise](Result<Receipt> result) { promise.set_value(std::move(result)); }});
    return future.get();
  }

  // What the ledger says once no writer has it.
  std::vector<EpochRecord> epochs() const {
    auto reader = open_reader(home().ledger());
    PH_CHECK(reader.ok(), "the ledger opens");
    auto all = read_epochs(**reader);
    PH_CHECK(all.ok(), all.ok() ? "" : all.error().message.c_str());
    return *all;
  }

  void expect_verified(std::uint64_t epochs) const {
    const VerifyReport report = home_.verify();
    EXPECT_EQ(report.exit_code, 0);
    EXPECT_EQ(report.epochs, epochs);
  }

  // The seeds of a plain key file, as raw bytes and as their text.
  std::pair<Bytes, std::string> secret_of(std::uint64_t epoch) const {
    const Signer key = *Signer::load(key_file(epoch));
    const SecretBytes seed = key.seed();
    const SecretBytes line = key.text();
    return {to_bytes(seed.view()), std::string(line.text().substr(line.size() - 44))};
  }

  // Files below the home that hold one of the two.
  std::vector<fs::path> files_holding(const std::pair<Bytes, std::string>& secret) const {
    std::vector<fs::path> found;
    for (const auto& file : fs::recursive_directory_iterator(home().root)) {
      if (!file.is_regular_file()) continue;
      std::ifstream in(file.path(), std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(in), {}};
      if (content.find(as_text(secret.first)) != std::string::npos ||
          content.find(secret.second) != std::string::npos) {
        found.push_back(file.path());
      }
    }
    return found;
  }

  LedgerHome home_;
};

TEST_F(EpochChanges, ClosingSaysWhatItCloses) {
  WriterOptions options;
  options.epoch_events_max = 3;
  auto writer = open(options);
  for (std::uint64_t i = 0; i < 8; ++i) ASSERT_TRUE(record(**writer, note_draft(i)).ok());
  ASSERT_TRUE((*writer)->close().ok());
  const auto all = epochs();
  ASSERT_GE(all.size(), 3U);
  std::uint64_t next = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].number, i + 1);
    EXPECT_EQ(all[i].first_seq, next);
    EXPECT_EQ(all[i].closed_seq.has_value(), i + 1 < all.size());
    EXPECT_EQ(all[i].close_reason, all[i].closed_seq ? "scheduled" : "");
    EXPECT_EQ(all[i].announced_seq, i == 0 ? 0 : next - 1);
    if (all[i].closed_seq) {
      EXPECT_EQ(all[i].events, *all[i].closed_seq + 1 - next);
    }
    next += all[i].events;
  }
  expect_verified(all.size());
}

TEST_F(EpochChanges, RequestEndsTheEpochItNamesAndIsOnRecord) {
  const auto old_secret = secret_of(1);
  ASSERT_EQ(files_holding(old_secret).size(), 1U) << "the search finds what is there";
  auto writer = open();
  ASSERT_TRUE(record(**writer, note_draft(1)).ok());
  const auto asked = record(**writer, rotation_requested({}, 1));
  ASSERT_TRUE(asked.ok());
  ASSERT_TRUE((*writer)->close().ok());
  const auto all = epochs();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].close_reason, "requested");
  EXPECT_EQ(*all[0].closed_seq, asked->seq + 1);
  EXPECT_FALSE(fs::exists(key_file(1)));
  EXPECT_TRUE(files_holding(old_secret).empty()) << files_holding(old_secret)[0];
  EXPECT_EQ(files_holding(secret_of(2)).size(), 1U);
  expect_verified(2);
}

TEST_F(EpochChanges, SubmitterOfAnotherProcessMayAsk) {
  // The writer of this process serves the door; the second appender comes through it.
  auto holder = home_.open();
  auto submitter = home_.open();
  ASSERT_TRUE(submitter->append(rotation_requested({}, 1)).ok());
  ASSERT_TRUE(submitter->close().ok());
  ASSERT_TRUE(holder->close().ok());
  EXPECT_EQ(epochs().size(), 2U);
  expect_verified(2);
}

TEST_F(EpochChanges, TwiceInARowLeavesAnEpochOfRequestAndClosing) {
  auto writer = open();
  ASSERT_TRUE(record(**writer, rotation_requested({}, 0)).ok());
  ASSERT_TRUE(record(**writer, rotation_requested({}, 0)).ok());
  ASSERT_TRUE((*writer)->close().ok());
  const auto all = epochs();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].events, 2U);
  expect_verified(3);
}

TEST_F(EpochChanges, RequestsForOneEndMakeOneEnd) {
  auto writer = open();
  ASSERT_TRUE(record(**writer, rotation_requested({}, 1)).ok());
  ASSERT_TRUE(record(**writer, rotation_requested({}, 1)).ok());
  ASSERT_TRUE(record(**writer, note_draft(1)).ok());
  ASSERT_TRUE((*writer)->close().ok());
  EXPECT_EQ(epochs().size(), 2U);
}

TEST_F(EpochChanges, RequestSentAgainIsNotCarriedOutAgain) {
  Draft request = rotation_requested({}, 0);
  request.id = make_event_id(system_clock(), system_random());
  auto writer = open();
  ASSERT_TRUE(record(**writer, request).ok());
  ASSERT_EQ(record(**writer, request)->durability, Durability::kDuplicate);
  ASSERT_TRUE((*writer)->close().ok());
  EXPECT_EQ(epochs().size(), 2U);
}

TEST_F(EpochChanges, T13ProducersCannotAnnounceKeys) {
  auto holder = home_.open();
  auto submitter = home_.open();
  const Signer own = Signer::generate("phantom.local/x/epoch/2", system_random());
  Draft announcement = epoch_announced({}, 2, own.verifier_key().text(), {1, 0, 2});
  Draft untagged = announcement;
  untagged.tags.clear();
  Draft tagged = note_draft(1, std::string(kEpochTag));
  Draft rotation_tag = note_draft(1, std::string(kRotationTag));
  Draft untagged_request = rotation_requested({}, 1);
  untagged_request.tags.clear();
  Draft creation = ledger_created({}, "phantom.local/x", "x", "k", "k");
  for (const Draft& draft :
       {announcement, untagged, tagged, rotation_tag, untagged_request, creation}) {
    for (Appender* appender : {holder.get(), submitter.get()}) {
      const auto answer = appender->append(draft);
      ASSERT_FALSE(answer.ok());
      EXPECT_EQ(answer.error().code, Code::kDenied);
    }
  }
  ASSERT_TRUE(submitter->close().ok());
  ASSERT_TRUE(holder->close().ok());
  expect_verified(1);
}

// Crashes, as what they leave on disk.

TEST_F(EpochChanges, RequestOfACrashIsCarriedOutAtTheNextOpen) {
  // The disk fills up between request and announcement: as a crash there leaves it.
  FaultFs faults;
  WriterOptions options;
  options.store.env = faults.env();
  {
    auto writer = open(options);
    Draft request = rotation_requested({}, 1);
    request.id = make_event_id(system_clock(), system_random());
    std::promise<Result<Receipt>> promise;
    (*writer)->submit({std::move(request), std::nullopt, [&](Result<Receipt> result) {
                         faults.set(LogFault::kAppendFails);  // before the announcement
                         promise.set_value(std::move(result));
                       }});
    ASSERT_TRUE(promise.get_future().get().ok());
    static_cast<void>((*writer)->close());
  }
  ASSERT_EQ(epochs().size(), 1U);
  EXPECT_TRUE(fs::exists(key_file(2))) << "in doubt, both secrets stay";
  auto writer = open();
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  ASSERT_TRUE((*writer)->close().ok());
  ASSERT_EQ(epochs().size(), 2U);
  EXPECT_EQ(epochs()[0].close_reason, "requested");
  EXPECT_FALSE(fs::exists(key_file(1)));
  expect_verified(2);
}

TEST_F(EpochChanges, KeySavedAndNotAnnouncedIsDestroyed) {
  const std::string origin = (*open())->origin();
  ASSERT_TRUE(Signer::generate(epoch_name(origin, 2), system_random()).save(key_file(2)).ok());
  const auto stray = secret_of(2);
  ASSERT_TRUE((*open())->close().ok());
  EXPECT_TRUE(files_holding(stray).empty());
  EXPECT_EQ(epochs().size(), 1U);
}

TEST_F(EpochChanges, AnnouncedAndOldKeyStillThereIsDestroyed) {
  const Bytes kept = *read_file(key_file(1), 1'024);
  const auto old_secret = secret_of(1);
  {
    auto writer = open();
    ASSERT_TRUE(record(**writer, rotation_requested({}, 1)).ok());
  }
  ASSERT_TRUE(write_file_durably(key_file(1), kept, 0600).ok());
  ASSERT_TRUE((*open())->close().ok());
  EXPECT_TRUE(files_holding(old_secret).empty());
  expect_verified(2);
}

TEST_F(EpochChanges, OverwrittenAndNotRemovedKeyIsRemoved) {
  {
    auto writer = open();
    ASSERT_TRUE(record(**writer, rotation_requested({}, 1)).ok());
  }
  ASSERT_TRUE(write_file_durably(key_file(1), Bytes(120, 0), 0600).ok());
  ASSERT_TRUE((*open())->close().ok());
  EXPECT_FALSE(fs::exists(key_file(1)));
}

TEST_F(EpochChanges, RefusedAnnouncementLeavesTheOldEpochInForce) {
  WriterOptions options;
  options.free_bytes_min = std::uint64_t{1} << 60;  // nothing is accepted
  options.epoch_events_max = 1;
  auto writer = open(options);
  ASSERT_TRUE((*writer)->close().ok());
  EXPECT_FALSE(fs::exists(key_file(2))) << "a key that was surely not announced is destroyed";
  EXPECT_TRUE(fs::exists(key_file(1)));
  expect_verified(1);
}

}  // namespace
}  // namespace phantom::test
