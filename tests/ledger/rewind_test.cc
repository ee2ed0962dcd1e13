#include "ledger/rewind.h"

#include "ledger/rows.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

TEST(Rewind, EveryEarlierCommitComesBackRowForRow) {
  MemoryLedger ledger;
  std::map<std::uint64_t, MemoryLedger::Rows> was{{ledger.size(), ledger.rows}};
  for (const std::size_t count : {3U, 1U, 250U, 1U, 1U, 1U, 300U, 2U}) {
    std::vector<Draft> drafts;
    for (std::size_t i = 0; i < count; ++i) {
      drafts.push_back(note_draft(i, "session:" + std::to_string((count + i) % 5)));
    }
    ledger.commit(std::move(drafts));
    was[ledger.size()] = ledger.rows;
  }
  ledger.start_epoch(2);
  was[ledger.size()] = ledger.rows;
  const auto sizes = newest_commits(ledger, 100);
  ASSERT_TRUE(sizes.ok());
  EXPECT_EQ(sizes->size(), was.size());
  const MemoryLedger::Rows newest = ledger.rows;
  for (const auto& [size, rows] : was) {
    const auto changes = rewind_rows(ledger, ledger.size(), size);
    ASSERT_TRUE(changes.ok());
    MemoryLedger::Rows back = newest;
    for (const auto& [key, value] : changes->puts) back[key] = value;
    for (const std::string& key : changes->deletes) back.erase(key);
    EXPECT_EQ(back, rows) << size;
  }
}

TEST(Rewind, NewestCommitsAreCounted) {
  MemoryLedger ledger;
  for (int i = 0; i < 5; ++i) ledger.commit(2);
  EXPECT_EQ(*newest_commits(ledger, 2), (std::vector<std::uint64_t>{9, 11}));
}

TEST(Rewind, HeadFileHoldsTheNote) {
  const MemoryLedger ledger;
  const HeadFile head = parse_head_file(head_file_of(ledger.head_note()));
  ASSERT_TRUE(head.newest);
  EXPECT_FALSE(head.damaged);
  EXPECT_EQ(head.newest->note, ledger.head_note());
}

}  // namespace
}  // namespace phantom::test
