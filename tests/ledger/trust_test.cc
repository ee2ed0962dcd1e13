#include "ledger/trust.h"

#include "ledger/rows.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <fstream>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

void overwrite(const fs::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

TEST(Trust, NothingIsPinnedAtFirst) {
  const LedgerHome home;
  const MemoryLedger ledger;
  EXPECT_FALSE(*any_pinned(home.home()));
  EXPECT_FALSE(*pinned_key(home.home(), ledger.origin()));
  EXPECT_FALSE(*pinned_checkpoint(home.home(), ledger.origin()));
}

TEST(Trust, PinIsReadBack) {
  const LedgerHome home;
  const MemoryLedger ledger;
  ASSERT_TRUE(pin_ledger(home.home(), ledger.key(), ledger.head_note()).ok());
  EXPECT_TRUE(*any_pinned(home.home()));
  EXPECT_EQ((*pinned_key(home.home(), ledger.origin()))->text(), ledger.key().text());
  EXPECT_EQ((*pinned_checkpoint(home.home(), ledger.origin()))->note, ledger.head_note());
  // Once more is the same; another key for it is not.
  EXPECT_TRUE(pin_ledger(home.home(), ledger.key(), ledger.head_note()).ok());
  const VerifierKey other = make_verifier_key(ledger.origin(), MemoryLedger(2).key().key);
  EXPECT_EQ(pin_ledger(home.home(), other, ledger.head_note()).error().code, Code::kExists);
}

TEST(Trust, CheckpointOnlyMovesForward) {
  const LedgerHome home;
  MemoryLedger ledger;
  ASSERT_TRUE(pin_ledger(home.home(), ledger.key(), ledger.head_note()).ok());
  ledger.commit(3);
  ASSERT_TRUE(advance_checkpoint(home.home(), ledger.note(4)).ok());
  EXPECT_EQ((*pinned_checkpoint(home.home(), ledger.origin()))->checkpoint.size, 4U);
  EXPECT_TRUE(advance_checkpoint(home.home(), ledger.note(1)).ok());
  EXPECT_EQ((*pinned_checkpoint(home.home(), ledger.origin()))->checkpoint.size, 4U);

  Checkpoint fork = parse_checkpoint(ledger.note(4))->checkpoint;
  fork.root[0] ^= 1;
  const Status forked = advance_checkpoint(home.home(), ledger.sign(fork, 1));
  ASSERT_FALSE(forked.ok());
  EXPECT_EQ(forked.error().code, Code::kCorrupt);
  EXPECT_NE(forked.error().message.find(ledger.note(4)), std::string::npos) << "both notes";
}

TEST(Trust, OnlyThePinnedKeyMovesIt) {
  const LedgerHome home;
  MemoryLedger ledger;
  ASSERT_TRUE(pin_ledger(home.home(), ledger.key(), ledger.head_note()).ok());
  ledger.commit(1);
  std::string note = ledger.head_note();
  note[note.find("/epoch/") - 60] ^= 1;  // within the log key's signature
  EXPECT_FALSE(advance_checkpoint(home.home(), note).ok());
  EXPECT_EQ(advance_checkpoint(home.home(), MemoryLedger(2).head_note()).error().code,
            Code::kDenied);
  EXPECT_FALSE(advance_checkpoint(home.home(), "").ok());
  EXPECT_EQ((*pinned_checkpoint(home.home(), ledger.origin()))->checkpoint.size, 1U);
}

TEST(Trust, DamagedPinsAreErrorsAndNotAbsence) {
  const LedgerHome home;
  const MemoryLedger ledger;
  ASSERT_TRUE(pin_ledger(home.home(), ledger.key(), ledger.head_note()).ok());
  const std::string id = *ledger_id_of(ledger.origin());
  overwrite(home.home().trust() / (id + ".vkey"), "");
  EXPECT_EQ(pinned_key(home.home(), ledger.origin()).error().code, Code::kCorrupt);
  overwrite(home.home().trust() / (id + ".vkey"), MemoryLedger(2).key().text());
  EXPECT_EQ(pinned_key(home.home(), ledger.origin()).error().code, Code::kCorrupt);
  overwrite(home.home().trust() / (id + ".checkpoint"), "x");
  EXPECT_EQ(pinned_checkpoint(home.home(), ledger.origin()).error().code, Code::kCorrupt);
  EXPECT_TRUE(*any_pinned(home.home()));
}

TEST(Trust, LedgerIdIsTheLastElementOfTheOrigin) {
  EXPECT_EQ(*ledger_id_of("phantom.local/00112233445566778899aabbccddeeff"),
            "00112233445566778899aabbccddeeff");
  for (const char* origin :
       {"", "phantom.local", "phantom.local/", "phantom.local/../etc/passwd",
        "phantom.local/00112233445566778899AABBCCDDEEFF", "phantom.local/0011"}) {
    EXPECT_FALSE(ledger_id_of(origin).ok()) << origin;
  }
}

}  // namespace
}  // namespace phantom::test
