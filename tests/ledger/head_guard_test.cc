// The head file and the table of what it says together with the store.

#include "ledger/head_guard.h"

#include "events/sha256.h"
#include "ledger/signer.h"
#include "ledger/writer.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

SignedCheckpoint signed_head(std::uint64_t size, std::uint8_t root_byte,
                             const std::string& origin = "phantom.local/a") {
  static const Signer log = Signer::generate("phantom.local/a", system_random());
  Checkpoint checkpoint{origin, size, {}};
  checkpoint.root.fill(root_byte);
  return {checkpoint, sign_checkpoint(checkpoint, log, log)};
}

Digest root_of(std::uint8_t byte) {
  Digest root{};
  root.fill(byte);
  return root;
}

TEST(HeadGuard, ComparisonTable) {
  const auto at5 = signed_head(5, 5);
  const auto at5_other = signed_head(5, 6);
  const auto at7 = signed_head(7, 7);
  const auto elsewhere = signed_head(5, 5, "phantom.local/b");
  struct Row {
    std::optional<SignedCheckpoint> store;
    std::optional<SignedCheckpoint> copy;
    std::optional<Digest> root_at_copy;
    HeadVerdict verdict;
  };
  const Row rows[] = {
      {std::nullopt, std::nullopt, std::nullopt, HeadVerdict::kNeither},
      {at5, std::nullopt, std::nullopt, HeadVerdict::kOnlyStore},
      {std::nullopt, at5, std::nullopt, HeadVerdict::kOnlyHead},
      {at5, at5, root_of(5), HeadVerdict::kEqual},
      {at5, at5_other, root_of(5), HeadVerdict::kForked},
      {at7, at5, root_of(5), HeadVerdict::kStoreAhead},
      {at7, at5_other, root_of(5), HeadVerdict::kForked},
      {at7, at5, std::nullopt, HeadVerdict::kForked},
      {at5, at7, std::nullopt, HeadVerdict::kStoreBehind},
      {at5, elsewhere, root_of(5), HeadVerdict::kForked},
  };
  for (const Row& row : rows) {
    const auto comparison = compare_heads(row.store, row.copy, row.root_at_copy);
    EXPECT_EQ(comparison.verdict, row.verdict);
    const bool contradiction = row.verdict == HeadVerdict::kForked ||
                               row.verdict == HeadVerdict::kStoreBehind ||
                               row.verdict == HeadVerdict::kOnlyHead;
    EXPECT_EQ(comparison.evidence.empty(), !contradiction);
  }
}

TEST(HeadGuard, NewestSlotWinsAndSurvivesATornOne) {
  LedgerHome home;
  const auto file = home.home().root / "head";
  auto guard = HeadGuard::create(file);
  ASSERT_TRUE(guard.ok());
  EXPECT_FALSE(read_head_file(file)->newest.has_value());
  for (std::uint64_t size = 1; size <= 5; ++size) {
    ASSERT_TRUE(guard->publish(signed_head(size, 1).note).ok());
    EXPECT_EQ(read_head_file(file)->newest->checkpoint.size, size);
  }
  Bytes bytes = *read_file(file, kHeadFileBytes);
  const std::size_t newest_slot = 5 % 2;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(newest_slot * kHeadSlotBytes + 2048),
              2048, 0);
  const HeadFile torn = parse_head_file(bytes);
  EXPECT_TRUE(torn.damaged);
  EXPECT_EQ(torn.newest->checkpoint.size, 4U);
}

TEST(HeadGuard, EveryFlippedByteIsNoticed) {
  LedgerHome home;
  const auto file = home.home().root / "head";
  auto guard = HeadGuard::create(file);
  ASSERT_TRUE(guard->publish(signed_head(1, 1).note).ok());
  ASSERT_TRUE(guard->publish(signed_head(2, 2).note).ok());
  Bytes bytes = *read_file(file, kHeadFileBytes);
  ASSERT_FALSE(parse_head_file(bytes).damaged);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= 0x40;
    EXPECT_TRUE(parse_head_file(bytes).damaged) << "byte " << i;
    bytes[i] ^= 0x40;
  }
  bytes.pop_back();
  EXPECT_TRUE(parse_head_file(bytes).damaged);
}

// The digest covers them, but whoever writes the file can make a digest.
TEST(HeadGuard, BytesBehindTheNoteAreDamage) {
  const std::string note = signed_head(1, 1).note;
  Bytes file(kHeadSlotBytes, 0);
  const Bytes slot = encode_head_slot(1, note);
  file.insert(file.end(), slot.begin(), slot.end());
  ASSERT_FALSE(parse_head_file(file).damaged);
  file[kHeadSlotBytes + 20 + note.size()] = 1;
  const std::size_t covered = kHeadSlotBytes - sizeof(Digest);
  const Digest digest = sha256(ByteView(file).subspan(kHeadSlotBytes, covered));
  std::copy(digest.begin(), digest.end(), file.end() - sizeof(Digest));
  EXPECT_TRUE(parse_head_file(file).damaged);
  EXPECT_FALSE(parse_head_file(file).newest);
}

}  // namespace
}  // namespace phantom::test
