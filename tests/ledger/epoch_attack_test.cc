// What somebody may try who has some of the keys, or all but the one that counts. The names are
// those of the defects and attacks the format is held against.

#include "events/encoding.h"
#include "ledger/layout.h"
#include "ledger/rows.h"
#include "ledger/verify.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

Checkpoint parsed_checkpoint(const std::string& note) { return parse_checkpoint(note)->checkpoint; }

// Signs the commits of [from, to] anew with the log key and the key of `epoch`.
void reseal(MemoryLedger& ledger, std::uint64_t from, std::uint64_t to, std::size_t epoch) {
  for (auto& [key, value] : ledger.rows) {
    if (key[0] != rows::kCommit) continue;
    const Checkpoint checkpoint = parsed_checkpoint(value);
    if (checkpoint.size >= from && checkpoint.size <= to) value = ledger.sign(checkpoint, epoch);
  }
  ledger.head_copy.newest->note = ledger.rows.at(rows::commit(ledger.size()));
}

// Epoch 1 over events 0 to 6, epoch 2 from 7 on.
MemoryLedger two_epochs() {
  MemoryLedger ledger;
  ledger.commit(2);
  ledger.commit(2);
  ledger.start_epoch(1);
  ledger.commit(3);
  return ledger;
}

std::string why_not(const MemoryLedger& ledger) { return verdict_text(ledger.verify_own()); }

TEST(EpochDefects, F07RotationsOfEveryKindAreNoTampering) {
  MemoryLedger ledger;
  ledger.start_epoch();   // nothing but the announcement after ledger.created
  ledger.start_epoch();   // and again: an epoch of one event
  ledger.start_epoch(3);  // in a commit with others
  EXPECT_EQ(ledger.verify_own().exit_code, 0) << why_not(ledger);
  ledger.commit(1);
  const VerifyReport report = ledger.verify_own();
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_EQ(report.epochs, 4U);
}

TEST(EpochDefects, F08OldGenerationsVerifyAndUnknownOnesDoNot) {
  MemoryLedger ledger = two_epochs();
  EXPECT_EQ(ledger.verify_own().exit_code, 0) << why_not(ledger);
  // A generation that no event announces signs the newest commit.
  const std::size_t unknown = ledger.add_epoch_key();
  reseal(ledger, ledger.size(), ledger.size(), unknown);
  EXPECT_EQ(ledger.verify_own().exit_code, 1);
  EXPECT_NE(why_not(ledger).find("is not signed by " + epoch_name(ledger.origin(), 2)),
            std::string::npos)
      << why_not(ledger);
}

TEST(EpochDefects, F12ReSealedPastIsRefused) {
  MemoryLedger ledger = two_epochs();
  reseal(ledger, 1, 6, 2);
  EXPECT_EQ(check_of(ledger.verify_own(), "checkpoints").state, CheckState::kFail)
      << why_not(ledger);
}

TEST(EpochDefects, F12CutAndContinuedIsRefused) {
  // Cut inside epoch 1, whose secret is gone, and gone on with the key of epoch 2.
  MemoryLedger ledger;
  ledger.commit(2);
  const std::size_t stolen = ledger.add_epoch_key();
  ledger.sign_with(stolen);
  ledger.commit(1);
  EXPECT_EQ(check_of(ledger.verify_own(), "checkpoints").state, CheckState::kFail)
      << why_not(ledger);
}

TEST(EpochDefects, F12CutAndContinuedWithAnAnnouncementIsRefused) {
  MemoryLedger ledger;
  ledger.commit(2);
  Draft closing = ledger.announcement();
  ledger.sign_with(ledger.epochs());
  ledger.commit(std::vector<Draft>{closing});
  EXPECT_EQ(check_of(ledger.verify_own(), "checkpoints").state, CheckState::kFail)
      << why_not(ledger);
}

TEST(EpochDefects, F12EmptyEpochCannotBeLeftOut) {
  MemoryLedger ledger;
  ledger.start_epoch();
  ledger.add_epoch_key();                                    // epoch 3, which nobody announced
  ledger.commit(std::vector<Draft>{ledger.announcement()});  // epoch 4
  EXPECT_EQ(check_of(ledger.verify_own(), "entries").state, CheckState::kFail);
  EXPECT_NE(why_not(ledger).find("announces epoch 4 after epoch 2"), std::string::npos)
      << why_not(ledger);
}

TEST(EpochDefects, F12WrongCountsAreRefused) {
  for (const int off : {-1, 1}) {
    MemoryLedger ledger;
    ledger.commit(3);
    // Right for one event fewer or more than there are.
    Draft closing = ledger.announcement(1);
    ledger.commit(static_cast<std::size_t>(1 + off));
    ledger.commit(std::vector<Draft>{closing});
    EXPECT_EQ(check_of(ledger.verify_own(), "entries").state, CheckState::kFail) << off;
    EXPECT_NE(why_not(ledger).find("it closes an epoch of"), std::string::npos) << why_not(ledger);
  }
}

TEST(EpochDefects, AnnouncementThatIsNotTheLastOfItsCommitIsRefused) {
  MemoryLedger ledger;
  Draft closing = ledger.announcement();
  ledger.commit(std::vector<Draft>{closing, note_draft(1)});
  EXPECT_EQ(check_of(ledger.verify_own(), "checkpoints").state, CheckState::kFail);
  EXPECT_NE(why_not(ledger).find("goes on after the announcement"), std::string::npos)
      << why_not(ledger);
}

TEST(EpochAttacks, T10StolenKeysCannotChangeAnEndedEpoch) {
  // The thief has the log key and the key of epoch 2. He edits an event of epoch 1, works out every
  // root anew, and signs with what he has.
  MemoryLedger forged;
  forged.sign_with(forged.add_epoch_key());
  forged.commit(2);
  forged.commit(std::vector<Draft>{note_draft(77), note_draft(78)});
  EXPECT_EQ(check_of(forged.verify_own(), "checkpoints").state, CheckState::kFail)
      << why_not(forged);
}

TEST(EpochAttacks, T10WholeNewHistoryIsExposedByTheFirstCheckpoint) {
  // With the log key he can also begin anew: another ledger.created names an epoch key of his own.
  // The pinned log key alone cannot tell; any checkpoint kept since creation does.
  const MemoryLedger good = two_epochs();
  MemoryLedger forged(1, MemoryLedger::Epochs::kOther);
  ASSERT_EQ(forged.key().text(), good.key().text());
  forged.commit(3);
  VerifyOptions options;
  options.key = good.key();
  EXPECT_EQ(forged.verify(options).exit_code, 0) << "docs/THREAT-MODEL.md says so";
  options.trust = good.note(1);
  EXPECT_EQ(forged.verify(options).exit_code, 1);
  EXPECT_EQ(good.verify(options).exit_code, 0) << verdict_text(good.verify(options));
}

TEST(EpochAttacks, T10CurrentEpochCanBeRewrittenUpToTheNewestAnchor) {
  const MemoryLedger good = two_epochs();
  MemoryLedger forged;
  forged.commit(2);
  forged.commit(2);
  forged.start_epoch(1);
  ASSERT_EQ(forged.head_note(), good.note(7));
  forged.commit(std::vector<Draft>{note_draft(90), note_draft(91), note_draft(92)});
  VerifyOptions options;
  options.key = good.key();
  options.anchors = {good.note(7)};
  const VerifyReport report = forged.verify(options);
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_EQ(report.unanchored_events, 3U) << "what is not anchored is counted";
  options.anchors = {good.head_note()};
  EXPECT_EQ(forged.verify(options).exit_code, 1);
}

TEST(EpochAttacks, T12OldEventsUnderANewerKeyAreRefused) {
  const MemoryLedger good = two_epochs();
  for (const auto& [key, value] : good.rows) {
    if (key[0] != rows::kCommit) continue;
    const std::uint64_t size = parsed_checkpoint(value).size;
    MemoryLedger ledger = two_epochs();
    reseal(ledger, size, size, size <= 7 ? 2 : 1);
    EXPECT_EQ(check_of(ledger.verify_own(), "checkpoints").state, CheckState::kFail) << size;
  }
}

TEST(EpochAttacks, T13RotationThatTheOldEpochDidNotSignIsRefused) {
  // Log key stolen, epoch key not: the thief announces an epoch of his own.
  for (const std::size_t also : {1U, 0U}) {
    MemoryLedger ledger;
    ledger.commit(2);
    Draft closing = ledger.announcement();
    const std::size_t own = ledger.epochs();
    ledger.sign_with(own);
    ledger.commit(std::vector<Draft>{closing});
    if (also == 1) ledger.commit(2);
    EXPECT_EQ(check_of(ledger.verify_own(), "checkpoints").state, CheckState::kFail);
    EXPECT_NE(why_not(ledger).find("is not signed by " + epoch_name(ledger.origin(), 1)),
              std::string::npos)
        << why_not(ledger);
  }
}

}  // namespace
}  // namespace phantom::test
