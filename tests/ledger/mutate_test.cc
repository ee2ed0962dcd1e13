#include "ledger/mutate.h"

#include "tests/support/ledger_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace phantom::test {
namespace {

TEST(Mutate, DiceFollowSplitMix64) {
  // The first outputs for seed 1234567, as published with the algorithm.
  Dice dice(1234567);
  EXPECT_EQ(dice.next(), 6457827717110365317U);
  EXPECT_EQ(dice.next(), 3203168211198807973U);
  EXPECT_EQ(dice.next(), 9817491932198370423U);
}

TEST(Mutate, ByteChangesAlwaysChangeAndRepeat) {
  const Bytes before = to_bytes("a few bytes, some of them equal: aaaaaaaa");
  for (std::size_t change = 0; change < kByteChanges; ++change) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      Dice one(seed);
      Dice two(seed);
      const auto first = change_bytes(before, static_cast<ByteChange>(change), one);
      const auto second = change_bytes(before, static_cast<ByteChange>(change), two);
      ASSERT_TRUE(first) << change;
      EXPECT_NE(first->bytes, before) << first->what;
      EXPECT_EQ(first->bytes, second->bytes);
      EXPECT_EQ(first->what, second->what);
    }
  }
}

TEST(Mutate, EveryByteIsReached) {
  const Bytes before(40);
  std::vector<bool> reached(before.size());
  Dice dice(1);
  for (int i = 0; i < 2'000; ++i) {
    const Bytes after = change_bytes(before, ByteChange::kFlipBit, dice)->bytes;
    ASSERT_EQ(after.size(), before.size());
    reached[static_cast<std::size_t>(std::ranges::mismatch(after, before).in1 - after.begin())] =
        true;
  }
  EXPECT_EQ(std::ranges::count(reached, true), 40);
}

TEST(Mutate, WhatCannotBeChangedIsLeft) {
  Dice dice(1);
  EXPECT_FALSE(change_bytes({}, ByteChange::kFlipBit, dice));
  EXPECT_FALSE(change_bytes({}, ByteChange::kCut, dice));
  EXPECT_FALSE(change_bytes(Bytes(100), ByteChange::kSwap, dice)) << "zeros for zeros";
  EXPECT_TRUE(change_bytes({}, ByteChange::kAppend, dice));
}

TEST(Mutate, RowChangesAreCaughtInMemoryAsWell) {
  MemoryLedger ledger;
  ledger.commit(3);
  ledger.start_epoch(260);
  ledger.commit(4);
  const MemoryLedger::Rows rows = ledger.rows;
  std::vector<std::string> keys;
  for (const auto& [key, value] : rows) keys.push_back(key);
  for (std::size_t change = 0; change < kRowChanges; ++change) {
    std::size_t made = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      Dice dice(seed);
      ledger.rows = rows;
      const auto changed = change_rows(ledger, keys, static_cast<RowChange>(change), dice);
      ASSERT_TRUE(changed.ok());
      if (!*changed) continue;
      ++made;
      for (const auto& [key, value] : (*changed)->changes.puts) ledger.rows[key] = value;
      for (const std::string& key : (*changed)->changes.deletes) ledger.rows.erase(key);
      ASSERT_NE(ledger.rows, rows) << (*changed)->what;
      EXPECT_NE(ledger.verify_own().exit_code, 0) << (*changed)->what;
    }
    EXPECT_GT(made, 20U) << change;
  }
}

}  // namespace
}  // namespace phantom::test
