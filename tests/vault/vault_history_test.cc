#include "vault/vault_history.h"

#include "events/tags.h"
#include "tests/vault/memory_ledger.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

Digest digest_filled(std::uint8_t byte) {
  Digest digest{};
  digest.fill(byte);
  return digest;
}

const Digest kBefore = digest_filled(1);
const Digest kAfter = digest_filled(2);
const Digest kStrange = digest_filled(3);

std::optional<LastChange> change_that(ChangeEnding ending, std::optional<Digest> before) {
  LastChange change;
  change.ending = ending;
  change.note.digest_before = before;
  change.note.digest_after = kAfter;
  return change;
}

TEST(VaultHistory, JudgesByTheTable) {
  using enum VaultVerdict;
  using enum ChangeEnding;
  const auto file = [](const Digest& digest) { return std::optional<Digest>(digest); };
  struct Row {
    std::optional<LastChange> last;
    std::optional<Digest> current;
    bool staged;
    VaultVerdict verdict;
  };
  const Row rows[] = {
      {std::nullopt, std::nullopt, false, kAbsent},
      {std::nullopt, file(kStrange), false, kUnknownFile},
      {change_that(kDone, kBefore), file(kAfter), false, kGood},
      {change_that(kDone, kBefore), file(kBefore), false, kUnknownFile},
      {change_that(kDone, kBefore), file(kStrange), false, kUnknownFile},
      {change_that(kDone, kBefore), std::nullopt, false, kMissing},
      {change_that(kFailed, kBefore), file(kBefore), false, kGood},
      {change_that(kFailed, kBefore), file(kAfter), false, kUnknownFile},
      {change_that(kFailed, kBefore), std::nullopt, false, kMissing},
      {change_that(kFailed, std::nullopt), std::nullopt, false, kAbsent},
      {change_that(kFailed, std::nullopt), file(kAfter), false, kUnknownFile},
      {change_that(kOpen, kBefore), file(kAfter), false, kMarkDone},
      {change_that(kOpen, kBefore), file(kAfter), true, kMarkDone},
      {change_that(kOpen, kBefore), file(kBefore), true, kPublish},
      {change_that(kOpen, kBefore), file(kBefore), false, kMarkFailed},
      {change_that(kOpen, kBefore), file(kStrange), true, kUnknownFile},
      {change_that(kOpen, kBefore), std::nullopt, true, kMissing},
      {change_that(kOpen, std::nullopt), std::nullopt, true, kPublish},
      {change_that(kOpen, std::nullopt), std::nullopt, false, kMarkFailed},
      {change_that(kOpen, std::nullopt), file(kStrange), true, kUnknownFile},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    EXPECT_EQ(judge_vault(rows[i].last, {rows[i].staged, rows[i].current}), rows[i].verdict) << i;
  }
}

class VaultHistoryTest : public testing::Test {
 protected:
  VaultHistoryTest() { context.project = "demo"; }
  VaultChangeNote note(std::uint64_t version) const {
    VaultChangeNote out;
    out.source = "add";
    out.changes = {{"KEY", "created", 1}};
    out.vault_version = version;
    out.digest_after = kAfter;
    if (version > 1) out.digest_before = kBefore;
    return out;
  }
  Seq append(Draft draft) {
    auto receipt = ledger.append(std::move(draft));
    PH_CHECK(receipt.ok(), "append");
    PH_CHECK(reader.catch_up().ok(), "catch up");
    return receipt->seq;
  }
  Context context;
  MemoryLedger ledger;
  MemoryReader reader{ledger};
};

TEST_F(VaultHistoryTest, IsEmptyForAProjectWithoutVault) {
  append(vault_change_requested(context, note(1)));
  const auto last = read_last_change(reader, "other");
  ASSERT_TRUE(last.ok());
  EXPECT_FALSE(*last);
}

TEST_F(VaultHistoryTest, ReadsTheNewestChangeAndItsEnding) {
  const Seq first = append(vault_change_requested(context, note(1)));
  auto last = read_last_change(reader, "demo");
  ASSERT_TRUE(last.ok() && *last);
  EXPECT_EQ((*last)->ending, ChangeEnding::kOpen);
  EXPECT_EQ((*last)->requested, first);
  EXPECT_FALSE((*last)->note.digest_before);

  append(vault_change_completed(context, first, note(1), {}));
  append(vault_unlocked(context, "key-file"));
  last = read_last_change(reader, "demo");
  EXPECT_EQ((*last)->ending, ChangeEnding::kDone);
  EXPECT_EQ((*last)->newest, first + 1);

  const Seq second = append(vault_change_requested(context, note(2)));
  append(vault_change_completed(context, second, note(2), {Outcome::Failed, Reason::IoError}));
  last = read_last_change(reader, "demo");
  EXPECT_EQ((*last)->ending, ChangeEnding::kFailed);
  EXPECT_EQ((*last)->note.source, "add");
  EXPECT_EQ((*last)->note.vault_version, 2U);
  EXPECT_EQ((*last)->note.digest_before, kBefore);
  EXPECT_EQ((*last)->note.digest_after, kAfter);
  ASSERT_EQ((*last)->note.changes.size(), 1U);
  EXPECT_EQ((*last)->note.changes[0].name, "KEY");

  EXPECT_EQ(*read_change_ending(reader, "demo", first), ChangeEnding::kDone);
  EXPECT_EQ(*read_change_ending(reader, "demo", second), ChangeEnding::kFailed);
  EXPECT_EQ(read_change_ending(reader, "demo", 99).error().code, Code::kCorrupt);
}

TEST_F(VaultHistoryTest, AHistoryWithoutAnyRequestIsCorrupt) {
  append(vault_change_completed(context, 0, note(1), {}));
  EXPECT_EQ(read_last_change(reader, "demo").error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace phantom
