#include "cli/erase.h"

#include "cli/subject_record.h"
#include "events/encoding.h"
#include "ledger/erasure.h"
#include "ledger/reader.h"
#include "tests/support/ledger_home.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

class EraseTest : public testing::Test {
 protected:
  EraseTest() {
    ledger_.create();
    subject_ = *ensure_subject(ledger_.home(), random_);
    appender_ = ledger_.open();
  }

  EraseRequest request() const { return {subject_.id, key_commitment(subject_), "gdpr-17", "991"}; }

  SubjectRecord record() const {
    const auto reader = open_reader(ledger_.home().ledger());
    return *read_subject_record(**reader, subject_.id);
  }

  std::uint64_t size() const {
    return (*open_reader(ledger_.home().ledger()))->head().checkpoint.size;
  }

  // The run ends after `step`, as if the process had been killed there.
  void die_after(EraseStep step) {
    EraseOptions options;
    options.stop = [step](EraseStep at) { return at == step; };
    const auto erased =
        erase_subject(ledger_.home(), *appender_, context_, request(), std::nullopt, options);
    ASSERT_EQ(erased.error().code, Code::kIndeterminate);
  }

  void expect_finished() {
    EXPECT_TRUE(find_subject_key(ledger_.home(), subject_.id)->empty());
    EXPECT_TRUE(unfinished_erasures(ledger_.home())->empty());
    const SubjectRecord found = record();
    ASSERT_TRUE(found.erased());
    EXPECT_EQ(found.completion->request_seq, found.request->seq);
    EXPECT_EQ(found.completion->commitment, to_hex(key_commitment(subject_)));
    EXPECT_EQ(found.request->commitment, found.completion->commitment);
    EXPECT_EQ(found.request->basis, "gdpr-17");
    EXPECT_EQ(found.request->ticket, "991");
    appender_.reset();
    EXPECT_EQ(ledger_.verify().verdict, Verdict::kVerified);
  }

  SeededRandom random_{1};
  test::LedgerHome ledger_;
  Context context_{"cli", "test"};
  Subject subject_;
  std::unique_ptr<Appender> appender_;
};

TEST_F(EraseTest, RequestIsDurableBeforeAnythingHappensToTheKey) {
  EraseOptions options;
  std::vector<EraseStep> steps;
  options.stop = [&](EraseStep at) {
    steps.push_back(at);
    const bool key_here = load_subject(ledger_.home(), subject_.id).ok();
    EXPECT_EQ(key_here, at == EraseStep::kRequested || at == EraseStep::kMarked);
    EXPECT_TRUE(record().request.has_value());
    EXPECT_EQ(record().erased(), at == EraseStep::kCompleted);
    return false;
  };
  ASSERT_TRUE(
      erase_subject(ledger_.home(), *appender_, context_, request(), std::nullopt, options).ok());
  EXPECT_EQ(steps.size(), 4U);
  expect_finished();
}

TEST_F(EraseTest, CutOffAfterTheRequestItIsUnfinishedAndGoesOnWithTheSameRequest) {
  die_after(EraseStep::kRequested);
  EXPECT_TRUE(record().unfinished());
  EXPECT_TRUE(load_subject(ledger_.home(), subject_.id).ok());
  EXPECT_TRUE(finish_erasures(ledger_.home(), *appender_, context_)->empty());
  const Seq asked = record().request->seq;
  const auto erased =
      erase_subject(ledger_.home(), *appender_, context_, request(), asked, EraseOptions{});
  EXPECT_EQ(erased->requested_seq, asked);
  expect_finished();
}

TEST_F(EraseTest, CutOffAnywhereAfterTheMarkerTheNextRunFinishesIt) {
  for (const EraseStep step : {EraseStep::kMarked, EraseStep::kDestroyed, EraseStep::kCompleted}) {
    subject_ = *ensure_subject(ledger_.home(), random_);
    die_after(step);
    EXPECT_EQ(record().erased(), step == EraseStep::kCompleted);
    ASSERT_EQ(unfinished_erasures(ledger_.home())->size(), 1U);
    const std::uint64_t before = size();
    const auto finished = finish_erasures(ledger_.home(), *appender_, context_);
    ASSERT_EQ(finished->size(), 1U);
    EXPECT_EQ((*finished)[0].subject, subject_.id);
    EXPECT_EQ((*finished)[0].completed_seq, record().completion->seq);
    // A completion that is on record already is not recorded twice.
    EXPECT_EQ(size(), before + (step == EraseStep::kCompleted ? 0U : 1U));
    EXPECT_TRUE(unfinished_erasures(ledger_.home())->empty());
    EXPECT_TRUE(find_subject_key(ledger_.home(), subject_.id)->empty());
  }
  expect_finished();
}

TEST_F(EraseTest, CutOffBetweenOverwritingAndRemovingItIsFinishedToo) {
  die_after(EraseStep::kMarked);
  ASSERT_TRUE(retire_subject(ledger_.home(), subject_.id).ok());
  write_text(ledger_.home().keys() / "subjects" / (subject_.id + ".key"), std::string(84, '\0'));
  ASSERT_EQ(finish_erasures(ledger_.home(), *appender_, context_)->size(), 1U);
  expect_finished();
}

TEST_F(EraseTest, TwoRunsAtOnceRecordOneCompletion) {
  die_after(EraseStep::kMarked);
  const std::uint64_t before = size();
  const auto marker = *unfinished_erasures(ledger_.home());
  ASSERT_EQ(finish_erasures(ledger_.home(), *appender_, context_)->size(), 1U);
  ASSERT_TRUE(begin_erasure(ledger_.home(), marker[0]).ok());  // as the other one saw it
  ASSERT_EQ(finish_erasures(ledger_.home(), *appender_, context_)->size(), 1U);
  EXPECT_EQ(size(), before + 1);
  expect_finished();
}

TEST_F(EraseTest, TwoHomesOnOneLedgerEachEraseTheirOwn) {
  TempDir other_directory;
  const Home other{other_directory.path() / "home"};
  const Subject stranger = *ensure_subject(other, random_);
  ASSERT_TRUE(erase_subject(other, *appender_, context_,
                            {stranger.id, key_commitment(stranger), "gdpr-17", ""}, std::nullopt,
                            EraseOptions{})
                  .ok());
  EXPECT_TRUE(load_subject(ledger_.home(), subject_.id).ok());
  EXPECT_FALSE(record().request.has_value());
  ASSERT_TRUE(
      erase_subject(ledger_.home(), *appender_, context_, request(), std::nullopt, EraseOptions{})
          .ok());
  expect_finished();
}

TEST_F(EraseTest, AMarkerThatDoesNotReadIsNamedAndNothingIsDestroyed) {
  die_after(EraseStep::kMarked);
  write_text(ledger_.home().keys() / "subjects" / (subject_.id + ".erasing"), "?\n");
  EXPECT_EQ(finish_erasures(ledger_.home(), *appender_, context_).error().code, Code::kInvalid);
  EXPECT_TRUE(load_subject(ledger_.home(), subject_.id).ok());
}

TEST(ShortCode, IsFewAndPlainCharacters) {
  for (const char* good : {"gdpr-17", "991", "A.b_c-9"}) EXPECT_TRUE(is_short_code(good)) << good;
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\n"),
                                 std::string("\xc3\xa4"), std::string(65, 'a')}) {
    EXPECT_FALSE(is_short_code(bad)) << bad;
  }
}

}  // namespace
}  // namespace phantom
