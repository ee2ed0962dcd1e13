#include "ledger/rebuild.h"

#include "events/encoding.h"
#include "ledger/rows.h"
#include "tests/support/ledger_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phantom::test {
namespace {

using testing::HasSubstr;

MemoryLedger sample_ledger() {
  MemoryLedger ledger;
  ledger.commit(3);
  ledger.commit(200);
  ledger.start_epoch(70);  // runs over the end of a bundle
  ledger.commit(1);
  ledger.commit(2);
  ledger.start_epoch();
  ledger.commit(4);
  return ledger;
}

struct Source {
  std::vector<Bytes> entries;
  std::vector<SignedCheckpoint> notes;
};

Source source_of(const MemoryLedger& ledger) {
  Source source;
  for (Seq seq = 0; seq < ledger.size(); ++seq) {
    source.entries.push_back(read_entry(ledger, ledger.size(), seq).value());
  }
  for (const auto at = ledger.cursor("c", {}); at->valid(); at->next()) {
    source.notes.push_back(parse_checkpoint(at->value()).value());
  }
  return source;
}

class Rebuild {
 public:
  explicit Rebuild(const VerifierKey& key)
      : builder(key, [this](const RowChanges& changes) -> Status {
          for (const auto& [name, value] : changes.puts) rows[name] = value;
          EXPECT_TRUE(changes.deletes.empty());
          return {};
        }) {}

  Status run(const Source& source) {
    for (const SignedCheckpoint& note : source.notes) {
      while (builder.size() < note.checkpoint.size && builder.size() < source.entries.size()) {
        PH_TRY(builder.add(source.entries[builder.size()]));
      }
      PH_TRY(builder.commit(note.note));
    }
    return builder.finish("memory-store-identity");
  }

  MemoryLedger::Rows rows;
  StoreBuilder builder;
};

std::string refusal(const Source& source, const VerifierKey& key) {
  Rebuild rebuild(key);
  const Status status = rebuild.run(source);
  EXPECT_TRUE(rebuild.rows.empty());  // nothing unchecked goes out
  return status.ok() ? "accepted" : status.error().message;
}

TEST(Rebuild, GivesTheRowsTheSequencerWrote) {
  const MemoryLedger ledger = sample_ledger();
  Rebuild rebuild(ledger.key());
  const Status status = rebuild.run(source_of(ledger));
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(rebuild.rows, ledger.rows);
  EXPECT_EQ(rebuild.builder.head()->note, ledger.head_note());
  EXPECT_EQ(rebuild.builder.epoch().number, 3U);
}

TEST(Rebuild, EverySizeGivesTheRowsTheSequencerWrote) {
  MemoryLedger ledger;
  for (std::size_t count = 1; ledger.size() < 600; count = count % 29 + 1) {
    ledger.commit(count);
    Rebuild rebuild(ledger.key());
    ASSERT_TRUE(rebuild.run(source_of(ledger)).ok());
    ASSERT_EQ(rebuild.rows, ledger.rows) << ledger.size();
  }
}

TEST(Rebuild, KeepsOneTailRowForTheOpenPartOfEachCommit) {
  const MemoryLedger ledger = sample_ledger();  // 283 events
  const Source source = source_of(ledger);
  Rebuild rebuild(ledger.key());
  ASSERT_TRUE(rebuild.run(source).ok());
  std::map<std::string, std::string> tails;
  std::string kinds;
  for (const auto& [key, value] : rebuild.rows) {
    if (key[0] == rows::kTail) tails[key] = value;
    if (kinds.empty() || kinds.back() != key[0]) kinds += key[0];
  }
  EXPECT_EQ(kinds, "bcghmt");
  std::vector<std::string> expected;
  for (const Seq first : {256ULL, 275ULL, 276ULL, 278ULL, 279ULL})
    expected.push_back(rows::tail(first));
  std::vector<std::string> found;
  for (const auto& [key, value] : tails) found.push_back(key);
  EXPECT_EQ(found, expected);
  std::string run;
  for (const Seq seq : {276ULL, 277ULL}) rows::append_to_bundle(run, source.entries[seq]);
  EXPECT_EQ(tails[rows::tail(276)], run);
  EXPECT_TRUE(rebuild.rows.contains(rows::tile(1, 0)));
  EXPECT_FALSE(rebuild.rows.contains(rows::tile(0, 0)));
  EXPECT_EQ(rebuild.rows[rows::meta("format")], "phantom-ledger/2");
}

TEST(Rebuild, TellsTheRootAtASizeThatWasAskedFor) {
  const MemoryLedger ledger = sample_ledger();
  Rebuild rebuild(ledger.key());
  rebuild.builder.want(4);
  rebuild.builder.want(100);
  rebuild.builder.want(10'000);
  ASSERT_TRUE(rebuild.run(source_of(ledger)).ok());
  EXPECT_EQ(rebuild.builder.root_at(4), parse_checkpoint(ledger.note(4)).value().checkpoint.root);
  EXPECT_TRUE(rebuild.builder.root_at(100).has_value());
  EXPECT_FALSE(rebuild.builder.root_at(10'000).has_value());
}

TEST(Rebuild, RefusesWhatTheNotesDoNotCover) {
  const MemoryLedger ledger = sample_ledger();
  const Source good = source_of(ledger);
  ASSERT_EQ(good.entries.size(), 283U);

  Source changed = good;
  changed.entries[5].back() ^= 1;
  EXPECT_NE(refusal(changed, ledger.key()), "accepted");

  Source lost = good;
  lost.notes.erase(lost.notes.begin() + 1);
  EXPECT_THAT(refusal(lost, ledger.key()), HasSubstr("the checkpoints say"));

  Source cut = good;
  cut.entries.pop_back();
  EXPECT_THAT(refusal(cut, ledger.key()), HasSubstr("another text"));

  Source longer = good;
  longer.entries.push_back(good.entries.back());
  longer.notes.push_back(good.notes.back());
  EXPECT_NE(refusal(longer, ledger.key()), "accepted");

  Source twice = good;
  twice.notes.insert(twice.notes.begin() + 1, good.notes[1]);
  EXPECT_NE(refusal(twice, ledger.key()), "accepted");

  Source empty;
  EXPECT_THAT(refusal(empty, ledger.key()), HasSubstr("no checkpoint covers"));
}

TEST(Rebuild, RefusesSignaturesThatAreNotByTheKeysInForce) {
  const MemoryLedger ledger = sample_ledger();
  const Source good = source_of(ledger);
  const std::size_t last = good.notes.size() - 1;

  Source old_epoch = good;
  old_epoch.notes[last].note = ledger.sign(good.notes[last].checkpoint, 1);
  EXPECT_THAT(refusal(old_epoch, ledger.key()), HasSubstr("the key in force"));

  Source stripped = good;
  std::string& note = stripped.notes[last].note;
  note.resize(note.rfind("\xe2\x80\x94"));
  EXPECT_THAT(refusal(stripped, ledger.key()), HasSubstr("the key in force"));

  Source added = good;
  const std::string other = ledger.sign(good.notes[last].checkpoint, 1);
  added.notes[last].note += other.substr(other.rfind("\xe2\x80\x94"));
  EXPECT_THAT(refusal(added, ledger.key()), HasSubstr("nobody can check"));

  const MemoryLedger stranger(2);
  EXPECT_THAT(refusal(good, stranger.key()), HasSubstr("the pinned key is"));
}

}  // namespace
}  // namespace phantom::test
