#include "ledger/anchor_weigh.h"

#include "events/encoding.h"
#include "ledger/signer.h"
#include "tests/support/seeded_random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phantom {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kWeighSecondNs = 1'000'000'000;
constexpr std::uint64_t kWeighNowS = 1'700'000'000;
constexpr std::uint64_t kWeighLogSize = 100;

// A log of 100 events, two witnesses and a directory. The root of a size is made up of the size.
class WeighAnchors : public testing::Test {
 protected:
  WeighAnchors() {
    log_.origin = log_signer_.verifier_key().name;
    log_.size = kWeighLogSize;
    log_.key = log_signer_.verifier_key();
    log_.root_at = [](std::uint64_t size) -> Result<Digest> { return made_up_root(size); };
    log_.has_foreign_lines = [this](const SignedCheckpoint& note) {
      const auto parsed = parse_note(note.note);
      return !parsed.ok() || parsed->signatures.size() != 1 ||
             parsed->signatures[0].id != log_.key.id;
    };
    // Event n was recorded n seconds before the newest, which is a minute old.
    log_.open_since_ns = [this](std::uint64_t size) -> Result<std::optional<std::int64_t>> {
      if (size >= log_.size) return std::optional<std::int64_t>();
      const auto age_s = static_cast<std::int64_t>(60 + log_.size - 1 - size);
      return std::optional(now_ns() - age_s * kWeighSecondNs);
    };
  }

  static std::int64_t now_ns() { return static_cast<std::int64_t>(kWeighNowS) * kWeighSecondNs; }

  static Digest made_up_root(std::uint64_t size) {
    Digest root{};
    root[0] = static_cast<std::uint8_t>(size);
    root[31] = 1;
    return root;
  }

  // A policy that names log, both witnesses and the directory, and what `lines` say.
  LoadedPolicy policy(const std::string& lines) const {
    const std::string text = "log " + log_.key.text() + "\nwitness w1 " + w1_.key().text() +
                             "\nwitness w2 " + w2_.key().text() +
                             "\nanchor disk directory /mnt/worm\n" + lines;
    auto parsed = parse_anchor_policy(text);
    EXPECT_TRUE(parsed.ok()) << parsed.error().message;
    return {std::move(*parsed), {}};
  }

  AnchorReceipt copy(std::uint64_t size) const {
    const std::string text = Checkpoint{log_.origin, size, made_up_root(size)}.text();
    const Signature signature = log_signer_.sign(as_bytes(text));
    return {"disk", size, text + "\n" + signature_line(log_.key, signature)};
  }

  AnchorReceipt cosigned(const std::string& anchor, const Cosigner& witness, std::uint64_t size,
                         std::uint64_t time_s) const {
    AnchorReceipt receipt = copy(size);
    receipt.anchor = anchor;
    const std::string text = Checkpoint{log_.origin, size, made_up_root(size)}.text();
    receipt.note += cosignature_line(witness.key(), witness.cosign(time_s, text));
    return receipt;
  }
  AnchorReceipt by_w1(std::uint64_t size, std::uint64_t time_s = kWeighNowS) const {
    return cosigned("w1", w1_, size, time_s);
  }
  AnchorReceipt by_w2(std::uint64_t size, std::uint64_t time_s = kWeighNowS) const {
    return cosigned("w2", w2_, size, time_s);
  }

  AnchorOutcome weigh(const std::string& lines, const std::vector<AnchorReceipt>& receipts,
                      std::uint64_t noted = 0) const {
    return weigh_anchors(policy(lines), receipts, noted, log_, now_ns());
  }

  SeededRandom random_{1};
  Signer log_signer_ = Signer::generate("phantom.local/log", random_);
  Cosigner w1_ = Cosigner::generate("w1", random_);
  Cosigner w2_ = Cosigner::generate("w2", random_);
  WeighedLog log_;
};

TEST_F(WeighAnchors, QuorumCoversWhatEnoughMembersCover) {
  const std::string both = "group both all w1 w2\nquorum both\n";
  const std::string any = "group some any w1 w2\nquorum some\n";
  const struct {
    const char* what;
    std::string lines;
    std::vector<AnchorReceipt> receipts;
    std::uint64_t noted;
    CheckState state;
    std::uint64_t covered;
    const char* says;
  } rows[] = {
      {"nobody", both, {}, 0, CheckState::kIndeterminate, 0, "receipts are missing for"},
      {"one of two", both, {by_w1(90)}, 0, CheckState::kIndeterminate, 0, "w2"},
      {"both", both, {by_w1(90), by_w2(70)}, 0, CheckState::kPass, 70, "w2 70"},
      {"any", any, {by_w1(90), by_w2(70)}, 0, CheckState::kPass, 90, "w1 90"},
      {"one of any", any, {by_w2(70)}, 0, CheckState::kPass, 70, "w2 70"},
      {"a note is no witness", both, {by_w1(90)}, 95, CheckState::kIndeterminate, 95, "missing"},
      {"a note is fresh", any, {by_w2(70)}, 95, CheckState::kPass, 95, "w2 70"},
      {"no quorum", "quorum none\n", {}, 0, CheckState::kSkipped, 0, "no anchor has given"},
      {"a bound needs one",
       "quorum none\nmax-unanchored 5\n",
       {},
       0,
       CheckState::kIndeterminate,
       0,
       "nothing is anchored"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const AnchorOutcome outcome = weigh(row.lines, row.receipts, row.noted);
    ASSERT_FALSE(outcome.failure) << outcome.failure->reason;
    EXPECT_EQ(outcome.state, row.state);
    EXPECT_EQ(outcome.covered, row.covered);
    EXPECT_THAT(outcome.reason, HasSubstr(row.says));
  }
}

TEST_F(WeighAnchors, TailBeyondItsBoundIsPolicyAndAtItsBoundIsNot) {
  const struct {
    const char* bound;
    std::uint64_t covered;
    CheckState state;
  } rows[] = {
      {"max-unanchored 10", 90, CheckState::kPass},
      {"max-unanchored 10", 89, CheckState::kPolicy},
      {"max-unanchored 0", 100, CheckState::kPass},
      {"max-unanchored 70s", 89, CheckState::kPass},  // event 89 is 70 s old
      {"max-unanchored 70s", 88, CheckState::kPolicy},
      {"max-unanchored 1s", 100, CheckState::kPass},  // nothing is open
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.bound) + " of " + std::to_string(row.covered));
    const std::string lines = std::string("quorum w1\n") + row.bound + "\n";
    const AnchorOutcome outcome = weigh(lines, {by_w1(row.covered)});
    ASSERT_FALSE(outcome.failure) << outcome.failure->reason;
    EXPECT_EQ(outcome.state, row.state) << outcome.reason;
  }
}

TEST_F(WeighAnchors, TimeStillToComeLeavesItUndecided) {
  const AnchorOutcome at_the_edge = weigh("quorum w1\n", {by_w1(90, kWeighNowS + 300)});
  EXPECT_EQ(at_the_edge.state, CheckState::kPass) << at_the_edge.reason;
  for (const std::uint64_t time_s :
       {kWeighNowS + 301, std::uint64_t{1} << 40, (std::uint64_t{1} << 63) - 1}) {
    const AnchorOutcome outcome = weigh("quorum w1\n", {by_w1(90, time_s)});
    ASSERT_FALSE(outcome.failure) << outcome.failure->reason;
    EXPECT_EQ(outcome.state, CheckState::kIndeterminate) << time_s;
    EXPECT_THAT(outcome.reason, HasSubstr("still to come"));
    EXPECT_EQ(outcome.covered, 0U);
  }
}

TEST_F(WeighAnchors, WitnessThatSawMoreEarlierFails) {
  EXPECT_FALSE(weigh("quorum w1\n", {by_w1(90), by_w1(80, kWeighNowS - 5)}).failure);
  EXPECT_FALSE(weigh("quorum w1\n", {by_w1(90), by_w1(80)}).failure) << "in one second";
  EXPECT_FALSE(weigh("quorum w1\n", {by_w1(80), by_w2(90, kWeighNowS - 5)}).failure)
      << "each witness has its own order";
  const AnchorOutcome outcome = weigh("quorum w1\n", {by_w1(80), by_w1(90, kWeighNowS - 5)});
  ASSERT_TRUE(outcome.failure);
  EXPECT_THAT(outcome.failure->reason, HasSubstr("before it saw fewer"));
  EXPECT_EQ(outcome.failure->exit_code, 1);
}

TEST_F(WeighAnchors, ContradictionFailsEvenWhenTheQuorumIsMet) {
  AnchorReceipt larger = by_w2(101);
  AnchorReceipt rewritten = by_w2(90);
  log_.root_at = [](std::uint64_t size) -> Result<Digest> {
    return made_up_root(size == 90 ? 1 : size);
  };
  AnchorReceipt unsigned_one = by_w2(80);
  unsigned_one.note = unsigned_one.note.substr(0, unsigned_one.note.find("\n\n") + 2) +
                      cosignature_line(w2_.key(), w2_.cosign(kWeighNowS, "x"));
  AnchorReceipt forged = copy(80);
  forged.anchor = "w2";
  forged.note += cosignature_line(w2_.key(), w2_.cosign(kWeighNowS, "another text\n"));
  // Nobody asks for it any more, and it tells all the same.
  AnchorReceipt removed = copy(101);
  removed.anchor = "gone";
  const struct {
    const AnchorReceipt& receipt;
    const char* says;
  } rows[] = {{larger, "was rolled back"},
              {rewritten, "rewritten or forked"},
              {unsigned_one, "is not signed by"},
              {forged, "does not verify"},
              {removed, "was rolled back"}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.says);
    const AnchorOutcome outcome = weigh("quorum w1\n", {by_w1(95), row.receipt});
    ASSERT_TRUE(outcome.failure);
    EXPECT_THAT(outcome.failure->reason, HasSubstr(row.says));
  }
}

TEST_F(WeighAnchors, CopyCountsOnlyAsReadFromThePlace) {
  AnchorReceipt receipt = copy(90);
  EXPECT_EQ(weigh("quorum disk\n", {receipt}).state, CheckState::kIndeterminate);
  receipt.held = true;
  EXPECT_EQ(weigh("quorum disk\n", {receipt}).state, CheckState::kPass);
}

TEST_F(WeighAnchors, WhatCannotBeReadOrIsOfOtherKeysLeavesItUndecided) {
  AnchorReceipt garbage{"w2", 80, "no checkpoint\n"};
  AnchorReceipt misfiled = by_w2(80);
  misfiled.size = 81;
  AnchorReceipt uncosigned = copy(80);
  uncosigned.anchor = "w2";
  AnchorReceipt stranger = copy(80);
  stranger.note += NoteSignature{"stranger", 7, Bytes(64, 1)}.line();
  const struct {
    const AnchorReceipt& receipt;
    const char* says;
  } rows[] = {{garbage, "is not a checkpoint"},
              {misfiled, "another size"},
              {uncosigned, "no cosignature by this witness"},
              {stranger, "neither the ledger nor a witness"}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.says);
    const AnchorOutcome outcome = weigh("quorum w1\n", {by_w1(95), row.receipt});
    ASSERT_FALSE(outcome.failure) << outcome.failure->reason;
    EXPECT_EQ(outcome.state, CheckState::kIndeterminate);
    EXPECT_THAT(outcome.reason, HasSubstr(row.says));
  }
}

}  // namespace
}  // namespace phantom
