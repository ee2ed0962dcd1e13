// Attacks on the rows of a ledger by somebody who gets every checksum of the store right, by their
// numbers in docs/ATTACKS.md. Those on files are in tests/scripts/attacks.py.

#include "events/envelope.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/reader.h"
#include "ledger/rewind.h"
#include "ledger/rows.h"
#include "ledger/tree.h"
#include "ledger/verify.h"
#include "tests/support/fake_clock.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <functional>

namespace phantom::test {
namespace {

constexpr Seq kVictim = 5;

MemoryLedger good_ledger() {
  MemoryLedger ledger;
  for (int i = 0; i < 10; ++i) ledger.commit(1);
  return ledger;
}

Bytes entry_of(const MemoryLedger& ledger, Seq seq) {
  return *read_entry(ledger, ledger.size(), seq);
}

void put_entry(MemoryLedger& ledger, Seq seq, ByteView entry) {
  std::string run;
  rows::append_to_bundle(run, entry);
  ledger.rows[rows::tail(seq)] = run;
}

std::string failed_check(const MemoryLedger& ledger) {
  const std::string text = verdict_text(ledger.verify_own());
  return text.substr(0, text.find(':'));
}

// The entry of another event, as a forger without keys would build it: it fits in every way but
// that nothing signed covers it.
Bytes forged_entry(Seq seq, const std::string& tag, std::uint64_t count) {
  Draft draft = note_draft(999, tag);
  SeededRandom random(99);
  draft.id = make_event_id(FakeClock(), random);
  Sequencing sequencing;
  sequencing.seq = seq;
  sequencing.commit_first_seq = seq;
  sequencing.time_ns = 1'767'323'045'900'000'000;
  sequencing.tag_links = {{seq - 1, count}};
  return *encode_entry(draft, sequencing);
}

TEST(Attack, T01EditedEventFails) {
  MemoryLedger ledger = good_ledger();
  Bytes entry = entry_of(ledger, kVictim);
  const std::size_t at = as_text(entry).find("session:test");
  ASSERT_NE(at, std::string_view::npos);
  entry[at] = 'x';
  put_entry(ledger, kVictim, entry);
  EXPECT_NE(ledger.verify_own().exit_code, 0);
}

TEST(Attack, T02AndA09UnsignedEventsFail) {
  for (const bool with_tag_row : {false, true}) {
    MemoryLedger ledger = good_ledger();
    const Seq next = ledger.size();
    put_entry(ledger, next, forged_entry(next, "session:test", next));
    if (with_tag_row) ledger.rows[rows::tag("session:test")] = rows::tag_value(next, next);
    EXPECT_EQ(failed_check(ledger), "rows") << verdict_text(ledger.verify_own());
  }
  MemoryLedger inside = good_ledger();
  put_entry(inside, kVictim, forged_entry(kVictim, "session:test", kVictim));
  EXPECT_EQ(inside.verify_own().exit_code, 1);
}

TEST(Attack, T02ForgedCheckpointOverAForgedEventFails) {
  // The roots are right, and the signatures of another ledger's keys stand below.
  MemoryLedger ledger = good_ledger();
  MemoryLedger thief(7);
  const Seq next = ledger.size();
  put_entry(ledger, next, forged_entry(next, "session:test", next));
  ledger.rows[rows::tag("session:test")] = rows::tag_value(next, next);
  CompactRange range;
  for (Seq seq = 0; seq <= next; ++seq) {
    range.append(leaf_hash(*read_entry(ledger, next + 1, seq)));
  }
  const Checkpoint checkpoint{ledger.origin(), next + 1, range.root()};
  ledger.rows[rows::commit(next + 1)] = thief.sign(checkpoint, 1);
  ledger.head_copy.newest = SignedCheckpoint{checkpoint, thief.sign(checkpoint, 1)};
  EXPECT_EQ(failed_check(ledger), "checkpoints") << verdict_text(ledger.verify_own());
}

TEST(Attack, T03ReorderedEventsFail) {
  MemoryLedger ledger = good_ledger();
  std::swap(ledger.rows[rows::tail(kVictim)], ledger.rows[rows::tail(kVictim + 1)]);
  EXPECT_EQ(failed_check(ledger), "entries");
}

TEST(Attack, T04EventDeletedInTheMiddleFailsAlsoWhenTheRestMovesUp) {
  MemoryLedger gap = good_ledger();
  gap.rows.erase(rows::tail(kVictim));
  EXPECT_EQ(failed_check(gap), "entries");
  MemoryLedger moved = good_ledger();
  for (Seq seq = kVictim; seq + 1 < moved.size(); ++seq) {
    moved.rows[rows::tail(seq)] = moved.rows[rows::tail(seq + 1)];
  }
  moved.rows.erase(rows::tail(moved.size() - 1));
  moved.rows.erase(rows::commit(moved.size()));
  EXPECT_EQ(failed_check(moved), "entries");
}

TEST(Attack, T06CutAndContinuedWithTheKeysShowsAgainstAnythingKept) {
  const MemoryLedger good = good_ledger();
  MemoryLedger forged;
  for (int i = 0; i < 6; ++i) forged.commit(1);
  for (int i = 0; i < 9; ++i) forged.commit(std::vector<Draft>{note_draft(700U + unsigned(i))});
  EXPECT_EQ(forged.verify_own().exit_code, 0) << "what is left without anything kept";
  VerifyOptions options;
  options.key = good.key();
  options.trust = good.head_note();
  EXPECT_EQ(check_of(forged.verify(options), "trust").state, CheckState::kFail);
  options.trust.reset();
  options.anchors = {good.head_note()};
  EXPECT_EQ(check_of(forged.verify(options), "anchors").state, CheckState::kFail);
}

TEST(Attack, T11ForgedFutureIsCountedAsUnanchored) {
  // With both live keys a thief writes what the writer would: nothing can tell, and the report says
  // how much rests on the keys alone.
  MemoryLedger ledger = good_ledger();
  VerifyOptions options;
  options.key = ledger.key();
  options.anchors = {ledger.head_note()};
  for (int i = 0; i < 3; ++i) ledger.commit(1);
  const VerifyReport report = ledger.verify(options);
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.unanchored_events, 3U);
}

TEST(Attack, T14OlderFormatIsNoWayAroundSignatures) {
  for (const char* format : {"phantom-ledger/1", "phantom-ledger/0", "phantom-ledger/", ""}) {
    MemoryLedger ledger = good_ledger();
    ledger.rows[rows::meta("format")] = format;
    EXPECT_NE(ledger.verify_own().exit_code, 0) << format;
  }
}

TEST(Attack, T15TimeThatGoesBackFails) {
  // Signed by a thief: even then events stay in the order of their times.
  MemoryLedger ledger = good_ledger();
  const Seq newest = ledger.size() - 1;
  Bytes entry = entry_of(ledger, newest);
  const auto* parsed = *parse_entry(entry);
  const std::int64_t time = parsed->time_ns();
  const std::int64_t before = (*parse_entry(entry_of(ledger, newest - 1)))->time_ns();
  for (std::size_t i = 0; i + 8 <= entry.size(); ++i) {
    std::int64_t stored = 0;
    std::memcpy(&stored, &entry[i], 8);
    if (stored == time) std::memcpy(&entry[i], &before, 8);
  }
  put_entry(ledger, newest, entry);
  CompactRange range;
  for (Seq seq = 0; seq <= newest; ++seq) range.append(leaf_hash(entry_of(ledger, seq)));
  const Checkpoint checkpoint{ledger.origin(), ledger.size(), range.root()};
  ledger.rows[rows::commit(ledger.size())] = ledger.sign(checkpoint, 1);
  ledger.head_copy.newest = SignedCheckpoint{checkpoint, ledger.rows[rows::commit(ledger.size())]};
  EXPECT_EQ(failed_check(ledger), "entries");
}

TEST(Attack, T17EventLeftOutOfATagsHistoryFails) {
  // The row that leads to a secret's history is gone: the events themselves still name the tag.
  MemoryLedger ledger;
  for (int i = 0; i < 4; ++i) {
    ledger.commit(std::vector<Draft>{note_draft(unsigned(i), i == 2 ? "secret:key" : "session:s")});
  }
  ledger.rows.erase(rows::tag("secret:key"));
  EXPECT_EQ(failed_check(ledger), "tags");
}

// A field that no reader of the schema knows, as a viewer of other software might show it.
TEST(Attack, A10UnknownFieldAddedToASignedEntryFails) {
  MemoryLedger ledger = good_ledger();
  const Bytes entry = entry_of(ledger, kVictim);
  // The vtable grows by one field that points at the table's last bytes: all in place.
  for (std::size_t i = 4; i + 1 < entry.size(); ++i) {
    Bytes changed = entry;
    changed[i] = static_cast<std::uint8_t>(changed[i] + 2);
    put_entry(ledger, kVictim, changed);
    ASSERT_NE(ledger.verify_own().exit_code, 0) << "byte " << i;
  }
  // More bytes at the end, with the length in front made to fit.
  for (const std::size_t more : {1U, 4U, 8U, 64U}) {
    Bytes longer = entry;
    longer.resize(entry.size() + more, 0x41);
    const std::size_t length = longer.size() - 4;
    for (std::size_t i = 0; i < 4; ++i) longer[i] = static_cast<std::uint8_t>(length >> (8 * i));
    put_entry(ledger, kVictim, longer);
    EXPECT_EQ(ledger.verify_own().exit_code, 1) << more;
  }
}

TEST(Attack, A10TagThatStandsTwiceIsNoEntry) {
  Draft draft = note_draft(1, "session:test");
  draft.tags.push_back("session:test");
  draft.id[0] = 1;
  EXPECT_FALSE(parse_draft(encode_draft(draft)).ok());
  Sequencing sequencing;
  sequencing.seq = 1;
  sequencing.commit_first_seq = 1;
  sequencing.tag_links = {{0, 1}, {0, 1}};
  const auto entry = encode_entry(draft, sequencing);
  ASSERT_TRUE(entry.ok());
  MemoryLedger ledger = good_ledger();
  put_entry(ledger, 1, *entry);
  EXPECT_EQ(failed_check(ledger), "entries");
}

TEST(Attack, F10NoEventIsEverUpdated) {
  // A verdict filled in later is another entry, and every root from there on is another one.
  MemoryLedger ledger = good_ledger();
  const std::string first = ledger.note(kVictim + 1);
  const Digest leaf = leaf_hash(entry_of(ledger, kVictim));
  for (int i = 0; i < 300; ++i) ledger.commit(1);
  EXPECT_EQ(leaf_hash(entry_of(ledger, kVictim)), leaf) << "bundled, and the same bytes";
  EXPECT_EQ(ledger.rows.at(rows::commit(kVictim + 1)), first);
}

// On a real store, with the store's own checksums right.
class AttackOnStore : public testing::Test {
 protected:
  AttackOnStore() {
    home_.create();
    const auto appender = home_.open();
    for (std::uint64_t i = 0; i < 6; ++i) PH_CHECK(appender->append(note_draft(i)).ok(), "append");
    PH_CHECK(appender->close().ok(), "close");
  }

  void write(const RowChanges& changes) {
    auto store = Store::open(LedgerFiles{home_.home().ledger()}.db(), {});
    PH_CHECK(store.ok() && (*store)->commit(changes).ok(), "write rows");
    PH_CHECK((*store)->close().ok(), "close");
  }

  std::vector<Seq> shown() const {
    std::vector<Seq> seqs;
    const auto reader = open_reader(home_.home().ledger());
    PH_CHECK(reader.ok(), "open reader");
    const Status done = (*reader)->scan(0, ~Seq{0}, [&](Seq seq, const Bytes&) {
      seqs.push_back(seq);
      return true;
    });
    PH_CHECK(done.ok(), "scan");
    return seqs;
  }

  LedgerHome home_;
};

TEST_F(AttackOnStore, A13ForgedEventIsNeitherShownNorVerified) {
  const std::vector<Seq> before = shown();
  ASSERT_EQ(before.size(), 7U);
  std::string run;
  rows::append_to_bundle(run, forged_entry(7, "session:test", 7));
  write({{{rows::tail(7), run}}, {}});
  EXPECT_EQ(shown(), before) << "only what the checkpoint covers is shown";
  EXPECT_EQ(home_.verify().exit_code, 1);
}

TEST_F(AttackOnStore, A06T08OlderStateIsWholeAndOnlyTrustTells) {
  const auto newest = read_head_file(LedgerFiles{home_.home().ledger()}.head());
  RowChanges changes;
  std::string note;
  {
    const auto rows = StoreReader::open(LedgerFiles{home_.home().ledger()}.db());
    changes = *rewind_rows(**rows, 7, 4);
    note = **(*rows)->get(rows::commit(4));
  }
  write(changes);
  EXPECT_EQ(check_of(home_.verify(), "head").state, CheckState::kFail) << "the store alone";
  ASSERT_TRUE(
      write_file_durably(LedgerFiles{home_.home().ledger()}.head(), head_file_of(note), 0600).ok());
  const VerifyReport alone = home_.verify();
  EXPECT_EQ(alone.exit_code, 0) << verdict_text(alone);
  VerifyOptions options;
  options.ledger = home_.home().ledger();
  options.trust = newest->newest->note;
  EXPECT_EQ(check_of(verify_ledger(options), "trust").state, CheckState::kFail);
}

}  // namespace
}  // namespace phantom::test
