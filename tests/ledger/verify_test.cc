#include "ledger/verify.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "ledger/layout.h"
#include "ledger/rows.h"
#include "ledger/tree.h"
#include "ledger/verify_rows.h"
#include "tests/support/fake_clock.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <functional>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

// Commits of 1, 3, 260, 5 and 1 events, the third under epoch 1 with the announcement of epoch 2,
// so that there are a bundle, a full tile, a tail and two epochs.
MemoryLedger sample_ledger(std::uint64_t seed = 1) {
  MemoryLedger ledger(seed);
  ledger.commit(3);
  ledger.start_epoch(259);
  ledger.commit(5);
  ledger.commit(1);
  return ledger;
}
constexpr std::uint64_t kSampleSize = 270;

void change_entry(std::string& entry, std::string_view what, std::string_view with) {
  const std::size_t at = entry.find(what);
  ASSERT_NE(at, std::string::npos);
  entry.replace(at, what.size(), with);
}

Checkpoint checkpoint_of(const std::string& note) { return parse_checkpoint(note)->checkpoint; }

// The note without the signature lines of a signer.
std::string without_signature(const std::string& note, const std::string& name) {
  const std::size_t at = note.find("\xe2\x80\x94 " + name + " ");
  PH_CHECK(at != std::string::npos, "a signature by this name");
  return note.substr(0, at) + note.substr(note.find('\n', at) + 1);
}

TEST(VerifyRows, UntouchedLedgerIsVerified) {
  const MemoryLedger ledger = sample_ledger();
  const VerifyReport report = ledger.verify_own();
  EXPECT_EQ(report.verdict, Verdict::kVerified) << verdict_text(report);
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.rung, 2);
  EXPECT_EQ(report.events, kSampleSize);
  EXPECT_EQ(report.commits, 5U);
  EXPECT_EQ(report.epochs, 2U);
  EXPECT_EQ(report.head->size, kSampleSize);
  EXPECT_EQ(report.head_note, ledger.head_note());
  EXPECT_EQ(report.unanchored_events, kSampleSize);
  EXPECT_FALSE(report.first_bad_seq);
  EXPECT_EQ(check_of(report, "trust").state, CheckState::kSkipped);
  EXPECT_EQ(check_of(report, "anchors").state, CheckState::kSkipped);
}

TEST(VerifyRows, ProgressEndsAtTheHead) {
  const MemoryLedger ledger = sample_ledger();
  VerifyOptions options;
  std::uint64_t last = 0;
  options.progress = [&last](std::uint64_t done, std::uint64_t total) {
    EXPECT_LE(last, done);
    EXPECT_EQ(total, kSampleSize);
    last = done;
  };
  ledger.verify(options);
  EXPECT_EQ(last, kSampleSize);
}

TEST(VerifyRows, EverySizeAroundABundleIsVerified) {
  MemoryLedger ledger;
  for (std::uint64_t size = 1; size < 520; ++size) {
    if (size < 4 || (size > 253 && size < 260) || size > 509) {
      const VerifyReport report = ledger.verify_own();
      ASSERT_EQ(report.exit_code, 0) << "size " << size << ": " << verdict_text(report);
    }
    ledger.commit(1);
  }
}

TEST(VerifyRows, UpperTilesAreVerified) {
  MemoryLedger ledger;
  for (int i = 0; i < 17; ++i) ledger.commit(4'096);
  ASSERT_TRUE(ledger.rows.contains(rows::tile(2, 0)));
  EXPECT_EQ(ledger.verify_own().exit_code, 0) << verdict_text(ledger.verify_own());
  ledger.rows[rows::tile(2, 0)][3] ^= 1;
  EXPECT_EQ(check_of(ledger.verify_own(), "tree").state, CheckState::kFail);
}

TEST(VerifyRows, ThreadsDoNotChangeTheReport) {
  MemoryLedger ledger = sample_ledger();
  for (int i = 0; i < 10; ++i) ledger.commit(700);
  VerifyOptions options;
  options.key = ledger.key();
  for (const unsigned threads : {1U, 2U, 7U}) {
    options.threads = threads;
    const VerifyReport report = ledger.verify(options);
    EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
    EXPECT_EQ(report.events, kSampleSize + 7'000);
  }
}

// What somebody who rewrites rows, with all of RocksDB's checksums right, may try. `keys` says
// whose signing keys he has.
struct Tampering {
  const char* name;
  const char* check;  // the one that must fail
  std::function<void(MemoryLedger&)> apply;
};

const Tampering kTamperings[] = {
    {"EditedTailEntry", "checkpoints",
     [](MemoryLedger& l) { change_entry(l.rows[rows::tail(264)], "test", "tess"); }},
    {"EditedBundledEntry", "checkpoints",
     [](MemoryLedger& l) { change_entry(l.rows[rows::bundle(0)], "test", "tess"); }},
    {"EntryThatDoesNotParse", "entries",
     [](MemoryLedger& l) { l.rows[rows::tail(264)][11] ^= 0x40; }},
    {"BytesAfterARun", "entries", [](MemoryLedger& l) { l.rows[rows::tail(264)] += '\0'; }},
    {"BytesAfterABundle", "entries", [](MemoryLedger& l) { l.rows[rows::bundle(0)] += '\0'; }},
    {"DeletedRun", "entries", [](MemoryLedger& l) { l.rows.erase(rows::tail(264)); }},
    {"DeletedNewestEntry", "entries", [](MemoryLedger& l) { l.rows.erase(rows::tail(269)); }},
    {"DeletedBundle", "entries", [](MemoryLedger& l) { l.rows.erase(rows::bundle(0)); }},
    {"SwappedRuns", "entries",
     [](MemoryLedger& l) { std::swap(l.rows[rows::tail(264)], l.rows[rows::tail(269)]); }},
    {"RunOfTwoCommits", "entries",
     [](MemoryLedger& l) {
       l.rows[rows::tail(264)] += l.rows[rows::tail(269)];
       l.rows.erase(rows::tail(269));
     }},
    {"RunInTwoParts", "entries",
     [](MemoryLedger& l) {
       std::string& run = l.rows[rows::tail(264)];
       const auto entries = *rows::split_entries(as_bytes(run));
       std::string rest;
       for (std::size_t i = 2; i < entries.size(); ++i) rows::append_to_bundle(rest, entries[i]);
       l.rows[rows::tail(266)] = rest;
       run.resize(run.size() - rest.size());
     }},
    {"EntryInTwoPlaces", "rows",
     [](MemoryLedger& l) { l.rows[rows::tail(3)] = l.rows[rows::tail(264)]; }},
    {"EntryAfterTheHead", "rows",
     [](MemoryLedger& l) { l.rows[rows::tail(270)] = l.rows[rows::tail(269)]; }},
    {"BundleAfterTheHead", "rows",
     [](MemoryLedger& l) { l.rows[rows::bundle(1)] = l.rows[rows::bundle(0)]; }},
    {"ChangedTile", "tree", [](MemoryLedger& l) { l.rows[rows::tile(1, 0)][20] ^= 1; }},
    {"ShortTile", "tree", [](MemoryLedger& l) { l.rows[rows::tile(1, 0)].pop_back(); }},
    {"MissingTile", "tree", [](MemoryLedger& l) { l.rows.erase(rows::tile(1, 0)); }},
    {"ExtraTile", "rows",
     [](MemoryLedger& l) { l.rows[rows::tile(1, 1)] = l.rows[rows::tile(1, 0)]; }},
    {"TileOfLeaves", "rows", [](MemoryLedger& l) { l.rows[rows::tile(0, 0)] = "x"; }},
    {"ExtraTileLevel", "rows", [](MemoryLedger& l) { l.rows[rows::tile(2, 0)] = "x"; }},
    {"TileRowWithoutLevel", "rows", [](MemoryLedger& l) { l.rows["h"] = "x"; }},
    {"DeletedCheckpointOfAnEpoch", "checkpoints",
     [](MemoryLedger& l) { l.rows.erase(rows::commit(264)); }},
    {"DeletedCheckpointInTheMiddle", "checkpoints",
     [](MemoryLedger& l) { l.rows.erase(rows::commit(4)); }},
    {"ExtraCheckpoint", "checkpoints",
     [](MemoryLedger& l) { l.rows[rows::commit(7)] = l.note(4); }},
    {"CheckpointOfSizeZero", "checkpoints",
     [](MemoryLedger& l) { l.rows[rows::commit(0)] = l.note(4); }},
    {"CheckpointUnderALongKey", "checkpoints",
     [](MemoryLedger& l) { l.rows[rows::commit(4) + "x"] = l.note(4); }},
    {"OlderCheckpointUnderANewKey", "checkpoints",
     [](MemoryLedger& l) { l.rows[rows::commit(270)] = l.note(269); }},
    {"StrippedEpochSignature", "checkpoints",
     [](MemoryLedger& l) {
       l.rows[rows::commit(4)] = without_signature(l.note(4), epoch_name(l.origin(), 1));
     }},
    {"StrippedLogSignature", "checkpoints",
     [](MemoryLedger& l) { l.rows[rows::commit(4)] = without_signature(l.note(4), l.origin()); }},
    {"ForeignSignatureLine", "checkpoints",
     [](MemoryLedger& l) { l.rows[rows::commit(4)] += "\xe2\x80\x94 grease.example AAAAAAE=\n"; }},
    {"SignatureFromAnotherCheckpoint", "checkpoints",
     [](MemoryLedger& l) {
       std::string& note = l.rows[rows::commit(4)];
       note.resize(note.find("\n\n") + 2);
       note += l.note(1).substr(l.note(1).find("\n\n") + 2);
     }},
    {"OldEpochAfterItsEnd", "checkpoints",
     [](MemoryLedger& l) { l.rows[rows::commit(269)] = l.sign(checkpoint_of(l.note(269)), 1); }},
    {"NewEpochBeforeItsTime", "checkpoints",
     [](MemoryLedger& l) { l.rows[rows::commit(4)] = l.sign(checkpoint_of(l.note(4)), 2); }},
    {"NewEpochOnItsOwnAnnouncement", "checkpoints",
     [](MemoryLedger& l) { l.rows[rows::commit(264)] = l.sign(checkpoint_of(l.note(264)), 2); }},
    {"OtherOriginInOneCheckpoint", "checkpoints",
     [](MemoryLedger& l) {
       Checkpoint checkpoint = checkpoint_of(l.note(4));
       checkpoint.origin += "x";
       l.rows[rows::commit(4)] = l.sign(checkpoint, 1);
     }},
    {"OtherRootWithGoodSignatures", "checkpoints",
     [](MemoryLedger& l) {
       Checkpoint checkpoint = checkpoint_of(l.note(4));
       checkpoint.root[0] ^= 1;
       l.rows[rows::commit(4)] = l.sign(checkpoint, 1);
     }},
    {"MissingTagRow", "tags", [](MemoryLedger& l) { l.rows.erase(rows::tag("session:test")); }},
    {"ChangedTagRow", "tags",
     [](MemoryLedger& l) { l.rows[rows::tag("session:test")] = rows::tag_value(3, 3); }},
    {"ExtraTagRow", "tags",
     [](MemoryLedger& l) { l.rows[rows::tag("session:other")] = rows::tag_value(3, 1); }},
    {"ExtraTagRowAtTheEnd", "tags",
     [](MemoryLedger& l) { l.rows[rows::tag("zzz:other")] = rows::tag_value(3, 1); }},
    {"EmptyTagRow", "tags", [](MemoryLedger& l) { l.rows["g"] = rows::tag_value(3, 1); }},
    {"IdRowOfFormatOne", "rows", [](MemoryLedger& l) { l.rows["i\xff\xff"] = "x"; }},
    {"RowOfAnUnknownKind", "rows", [](MemoryLedger& l) { l.rows["z"] = "x"; }},
    {"RowBeforeAllKinds", "rows", [](MemoryLedger& l) { l.rows["A"] = "x"; }},
    {"RowBetweenKinds", "rows", [](MemoryLedger& l) { l.rows["d"] = "x"; }},
    {"RowAfterAllKinds", "rows", [](MemoryLedger& l) { l.rows["\xff\xff"] = "x"; }},
    {"RowWithoutKey", "rows", [](MemoryLedger& l) { l.rows[""] = "x"; }},
    {"MissingFormat", "meta", [](MemoryLedger& l) { l.rows.erase(rows::meta("format")); }},
    {"ExtraMetaRow", "meta", [](MemoryLedger& l) { l.rows[rows::meta("note")] = "x"; }},
    {"StoreOfAnotherIdentity", "meta",
     [](MemoryLedger& l) { l.rows[rows::meta("store")] = "other"; }},
    {"HeadAhead", "head",
     [](MemoryLedger& l) {
       const auto kept = l.rows;
       l.commit(2);
       l.rows = kept;
     }},
    {"HeadForked", "head",
     [](MemoryLedger& l) {
       Checkpoint checkpoint = checkpoint_of(l.head_note());
       checkpoint.root[0] ^= 1;
       l.head_copy.newest = SignedCheckpoint{checkpoint, l.sign(checkpoint, 2)};
     }},
    {"HeadOfAnotherLedger", "head",
     [](MemoryLedger& l) { l.head_copy = MemoryLedger(2).head_copy; }},
    {"HeadWithAStrippedSignature", "head",
     [](MemoryLedger& l) {
       std::string& note = l.head_copy.newest->note;
       note = without_signature(note, epoch_name(l.origin(), 2));
     }},
    {"HeadDamaged", "head", [](MemoryLedger& l) { l.head_copy.damaged = true; }},
    {"HeadEmptied", "head", [](MemoryLedger& l) { l.head_copy = {}; }},
    {"WholeLedgerOfAnother", "key",
     [](MemoryLedger& l) {
       const MemoryLedger other(2);
       l.rows = other.rows;
       l.head_copy = other.head_copy;
     }},
};

TEST(VerifyRows, EveryTamperingFailsInItsOwnCheck) {
  const MemoryLedger good = sample_ledger();
  const auto rows = good.rows;
  const auto head = good.head_copy;
  const VerifierKey key = good.key();
  for (const Tampering& tampering : kTamperings) {
    MemoryLedger ledger = sample_ledger();
    ASSERT_EQ(ledger.rows, rows) << "the sample is the same each time";
    tampering.apply(ledger);
    VerifyOptions options;
    options.key = key;
    const VerifyReport report = ledger.verify(options);
    EXPECT_EQ(report.verdict, Verdict::kFailed) << tampering.name;
    EXPECT_EQ(report.exit_code, 1) << tampering.name;
    EXPECT_EQ(check_of(report, tampering.check).state, CheckState::kFail)
        << tampering.name << ": " << verdict_text(report);
    // One root cause, and nothing said of what came after it.
    EXPECT_EQ(std::count_if(report.checks.begin(), report.checks.end(),
                            [](const Check& c) { return c.state == CheckState::kFail; }),
              1)
        << tampering.name;
    EXPECT_LT(report.rung, 2) << tampering.name;
  }
}

TEST(VerifyDefects, F09NoChangedByteOfAnyRowIsVerified) {
  MemoryLedger ledger;
  ledger.commit(2);
  ledger.start_epoch(1);
  ledger.commit(1);
  ASSERT_EQ(ledger.verify_own().exit_code, 0);
  const auto good = ledger.rows;
  for (const auto& [key, value] : good) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      ledger.rows[key][i] = static_cast<char>(value[i] ^ (1 << (i % 8)));
      ASSERT_NE(ledger.verify_own().exit_code, 0)
          << "row " << to_hex(as_bytes(key)) << " byte " << i;
      ledger.rows[key] = value;
    }
    for (std::size_t i = 0; i < key.size(); ++i) {
      std::string changed = key;
      changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
      ledger.rows.erase(key);
      ledger.rows.emplace(changed, value);
      ASSERT_NE(ledger.verify_own().exit_code, 0)
          << "key " << to_hex(as_bytes(key)) << " byte " << i;
      ledger.rows = good;
    }
  }
  EXPECT_EQ(ledger.verify_own().exit_code, 0);
}

TEST(VerifyRows, HeadBehindIsWorthANote) {
  MemoryLedger ledger;
  ledger.commit(2);
  const HeadFile older = ledger.head_copy;
  ledger.commit(1);
  ledger.head_copy = older;
  const VerifyReport report = ledger.verify_own();
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_NE(check_of(report, "head").reason.find("1 event behind"), std::string::npos);
  EXPECT_EQ(report.synced_note, older.newest->note)
      << "what is trusted goes no further than the copy";
  EXPECT_EQ(report.head_note, ledger.head_note());
}

// The newest entry changed and signed anew with all keys, as a thief of the running writer's memory
// could.
void forge_newest(MemoryLedger& ledger, const std::function<void(std::string&)>& change) {
  const Seq newest = ledger.size() - 1;
  change(ledger.rows[rows::tail(newest)]);
  CompactRange range;
  for (Seq seq = 0; seq <= newest; ++seq) {
    range.append(leaf_hash(*read_entry(ledger, ledger.size(), seq)));
  }
  const Checkpoint checkpoint{ledger.origin(), ledger.size(), range.root()};
  ledger.rows[rows::commit(ledger.size())] = ledger.sign(checkpoint, 1);
  ledger.head_copy.newest = SignedCheckpoint{checkpoint, ledger.rows[rows::commit(ledger.size())]};
}

EventId id_of(const MemoryLedger& ledger, Seq seq) {
  return event_id_of(**parse_entry(*read_entry(ledger, ledger.size(), seq)));
}

TEST(VerifyRows, RepeatedEventIdIsFound) {
  // The writer answers a second draft of an id with the first's receipt, so this takes a forger.
  MemoryLedger ledger;
  ledger.commit(2);
  ledger.commit(1);
  const EventId twice = id_of(ledger, 1);
  const EventId own = id_of(ledger, 3);
  forge_newest(ledger,
               [&](std::string& entry) { change_entry(entry, as_text(own), as_text(twice)); });
  const VerifyReport report = ledger.verify_own();
  EXPECT_EQ(check_of(report, "ids").state, CheckState::kFail) << verdict_text(report);
  EXPECT_EQ(report.first_bad_seq, 3U);
}

TEST(VerifyRows, EventIdMadeAfterItsEventIsFound) {
  MemoryLedger ledger;
  ledger.commit(1);
  const EventId own = id_of(ledger, 1);
  EventId later = own;
  later[0] ^= 0x40;
  forge_newest(ledger,
               [&](std::string& entry) { change_entry(entry, as_text(own), as_text(later)); });
  const VerifyReport report = ledger.verify_own();
  EXPECT_EQ(check_of(report, "entries").state, CheckState::kFail) << verdict_text(report);
}

TEST(VerifyRows, UnknownEventTypeIsIndeterminateButHashed) {
  MemoryLedger ledger;
  Draft draft = note_draft(1);
  draft.type = 64'999;
  ledger.commit(std::vector<Draft>{draft});
  EXPECT_EQ(ledger.verify_own().exit_code, 3);
  EXPECT_EQ(check_of(ledger.verify_own(), "schema").state, CheckState::kIndeterminate);
  EXPECT_EQ(check_of(ledger.verify_own(), "checkpoints").state, CheckState::kPass);
  change_entry(ledger.rows[rows::tail(1)], "test", "tess");
  EXPECT_EQ(ledger.verify_own().exit_code, 1);
}

TEST(VerifyRows, NewerFormatIsIndeterminate) {
  MemoryLedger ledger;
  ledger.rows[rows::meta("format")] = "phantom-ledger/4";
  EXPECT_EQ(ledger.verify_own().exit_code, 3) << verdict_text(ledger.verify_own());
}

TEST(VerifyRows, ReadErrorsAreNoVerdict) {
  MemoryLedger ledger;
  VerifyOptions options;
  options.key = ledger.key();
  const VerifyReport io =
      verify_rows(ledger, {Error{Code::kIo, "read head: I/O error"}, std::string("x")}, options);
  EXPECT_NE(io.exit_code, 0);
  ledger.rows[rows::meta("store")] = "x";
  const VerifyReport head =
      verify_rows(ledger, {Error{Code::kIo, "read head: I/O error"}, std::string("x")}, options);
  EXPECT_EQ(head.exit_code, 74) << verdict_text(head);
  EXPECT_EQ(head.verdict, Verdict::kIndeterminate);
  const VerifyReport denied =
      verify_rows(ledger, {Error{Code::kDenied, "read head: denied"}, std::string("x")}, options);
  EXPECT_EQ(denied.exit_code, 77);
}

TEST(VerifyTrust, EarlierHeadIsExtended) {
  MemoryLedger ledger = sample_ledger();
  VerifyOptions options;
  options.key = ledger.key();
  for (const std::uint64_t size : {1U, 4U, 264U, 270U}) {
    options.trust = ledger.note(size);
    const VerifyReport report = ledger.verify(options);
    EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
    EXPECT_EQ(report.rung, 3);
  }
}

TEST(VerifyTrust, RollbackAndForkFail) {
  MemoryLedger ledger = sample_ledger();
  VerifyOptions options;
  options.key = ledger.key();
  const auto rows = ledger.rows;
  const auto head = ledger.head_copy;
  ledger.commit(1);
  options.trust = ledger.head_note();
  ledger.rows = rows;
  ledger.head_copy = head;
  VerifyReport report = ledger.verify(options);
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_NE(check_of(report, "trust").reason.find("rolled back"), std::string::npos);
  EXPECT_NE(check_of(report, "trust").reason.find(*options.trust), std::string::npos);

  Checkpoint other = checkpoint_of(ledger.note(4));
  other.root[5] ^= 1;
  options.trust = ledger.sign(other, 1);
  report = ledger.verify(options);
  EXPECT_EQ(check_of(report, "trust").state, CheckState::kFail);
  EXPECT_NE(check_of(report, "trust").reason.find("another root"), std::string::npos);
}

TEST(VerifyTrust, NoChangedByteOfTrustOrAnchorPasses) {
  MemoryLedger ledger;
  ledger.commit(2);
  const std::string good = ledger.note(1);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string note = good;
    note[i] = static_cast<char>(note[i] ^ (1 << (i % 8)));
    VerifyOptions options;
    options.key = ledger.key();
    options.trust = note;
    EXPECT_NE(ledger.verify(options).exit_code, 0) << "trust byte " << i;
    options.trust.reset();
    options.anchors = {note};
    EXPECT_NE(ledger.verify(options).exit_code, 0) << "anchor byte " << i;
  }
}

TEST(VerifyAnchors, TailIsCountedFromTheLargest) {
  MemoryLedger ledger = sample_ledger();
  FakeClock clock(1'767'323'045'678'000'000 + 3'600'000'000'000);
  VerifyOptions options;
  options.key = ledger.key();
  options.clock = &clock;
  options.anchors = {ledger.note(264), ledger.note(4)};
  VerifyReport report = ledger.verify(options);
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_EQ(report.rung, 4);
  EXPECT_EQ(report.unanchored_events, 6U);
  EXPECT_GT(report.unanchored_ns, 3'500'000'000'000);
  options.anchors.push_back(ledger.head_note());
  report = ledger.verify(options);
  EXPECT_EQ(report.unanchored_events, 0U);
  EXPECT_EQ(report.unanchored_ns, 0);
}

TEST(VerifyAnchors, AnotherLedgersCheckpointFails) {
  const MemoryLedger ledger;
  VerifyOptions options;
  options.key = ledger.key();
  options.anchors = {MemoryLedger(2).head_note()};
  EXPECT_EQ(ledger.verify(options).exit_code, 1);
  options.anchors = {"not a note"};
  EXPECT_EQ(ledger.verify(options).exit_code, 3);
}

// The catalogue of defects other verifiers had, by its numbers.

TEST(VerifyDefects, F01AbsentLedgerIsIndeterminate) {
  const LedgerHome home;
  VerifyOptions options;
  options.ledger = home.home().ledger();
  EXPECT_EQ(verify_ledger(options).exit_code, 3);
  EXPECT_EQ(verify_ledger(options).rung, -1);
  const MemoryLedger known;
  options.trust = known.head_note();
  EXPECT_EQ(verify_ledger(options).exit_code, 1);
  options.trust.reset();
  options.anchors = {known.head_note()};
  EXPECT_EQ(verify_ledger(options).exit_code, 1);
}

TEST(VerifyDefects, F01WipedStoreUnderAHeadCopyFails) {
  LedgerHome home;
  home.create();
  fs::remove_all(LedgerFiles{home.home().ledger()}.db());
  VerifyOptions options;
  options.ledger = home.home().ledger();
  EXPECT_EQ(verify_ledger(options).exit_code, 1);
}

TEST(VerifyDefects, F02UnsignedTailFails) {
  MemoryLedger ledger = sample_ledger();
  ledger.rows.erase(rows::commit(270));
  EXPECT_EQ(ledger.verify_own().exit_code, 1);
  for (auto& [key, value] : ledger.rows) {
    if (key[0] == rows::kCommit) value.resize(value.rfind("\n\n") + 1);
  }
  EXPECT_EQ(ledger.verify_own().exit_code, 1);
}

TEST(VerifyDefects, F03MissingKeyIsIndeterminateAndNamed) {
  const MemoryLedger ledger = sample_ledger();
  const VerifyReport report = ledger.verify();
  EXPECT_EQ(report.verdict, Verdict::kIndeterminate);
  EXPECT_EQ(report.exit_code, 3);
  EXPECT_EQ(report.rung, 1);
  EXPECT_NE(check_of(report, "key").reason.find(ledger.key().text()), std::string::npos);
}

TEST(VerifyDefects, F04CutTailFailsAgainstHeadTrustAndAnchor) {
  MemoryLedger ledger = sample_ledger();
  MemoryLedger cut;  // the same ledger, as it was
  cut.commit(3);
  VerifyOptions options;
  options.key = ledger.key();
  EXPECT_EQ(cut.verify(options).exit_code, 0);
  cut.head_copy = ledger.head_copy;
  EXPECT_EQ(cut.verify(options).exit_code, 1);
  cut = MemoryLedger();
  options.trust = ledger.head_note();
  EXPECT_EQ(cut.verify(options).exit_code, 1);
  options.trust.reset();
  EXPECT_EQ(cut.verify(options).unanchored_events, 1U) << "never silent about the open tail";
  options.anchors = {ledger.note(4)};
  EXPECT_EQ(cut.verify(options).exit_code, 1);
}

TEST(VerifyDefects, F05HeadIsMandatoryFromTheFirstEvent) {
  const MemoryLedger ledger;
  VerifyOptions options;
  options.key = ledger.key();
  const std::string identity = ledger.rows.at(rows::meta("store"));
  const VerifyReport report =
      verify_rows(ledger, {Error{Code::kNotFound, "read head: No such file"}, identity}, options);
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(check_of(report, "head").state, CheckState::kFail);
}

TEST(VerifyDefects, F06PrefixDeletionIsNotRetention) {
  MemoryLedger ledger = sample_ledger();
  ledger.rows.erase(rows::bundle(0));
  ledger.rows.erase(rows::tile(1, 0));
  EXPECT_EQ(ledger.verify_own().exit_code, 1);
}

TEST(VerifyDefects, F07EpochChangeIsNotTampering) {
  MemoryLedger ledger;
  ledger.start_epoch();
  EXPECT_EQ(ledger.verify_own().exit_code, 0) << "right after the announcement";
  ledger.commit(1);
  EXPECT_EQ(ledger.verify_own().exit_code, 0) << "with the first commit of the new epoch";
}

TEST(VerifyDefects, F08OlderEpochsVerifyUnderTheirOwnKeys) {
  MemoryLedger ledger;
  for (int i = 0; i < 5; ++i) {
    ledger.commit(2);
    ledger.start_epoch();
  }
  const VerifyReport report = ledger.verify_own();
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_EQ(report.epochs, 6U);
}

TEST(VerifyDefects, F11StrippedSignaturesFail) {
  for (const std::string& signer :
       {MemoryLedger().origin(), epoch_name(MemoryLedger().origin(), 1)}) {
    MemoryLedger ledger;
    ledger.commit(1);
    for (auto& [key, value] : ledger.rows) {
      if (key[0] == rows::kCommit) value = without_signature(value, signer);
    }
    ledger.head_copy.newest->note = ledger.rows[rows::commit(2)];
    EXPECT_EQ(ledger.verify_own().exit_code, 1) << signer;
    EXPECT_EQ(ledger.verify().exit_code, 1) << "without a pinned key as well";
  }
}

TEST(VerifyDefects, F12OldEventsSignedWithANewerEpochFail) {
  MemoryLedger ledger = sample_ledger();
  ledger.rows[rows::commit(1)] = ledger.sign(checkpoint_of(ledger.note(1)), 2);
  EXPECT_EQ(ledger.verify_own().exit_code, 1);
}

TEST(VerifyDefects, F14EveryGapFails) {
  const MemoryLedger good = sample_ledger();
  for (Seq seq = 0; seq < good.size(); ++seq) {
    MemoryLedger ledger = sample_ledger();
    const EntryRow row = *read_entry_row(ledger, ledger.size(), seq);
    std::string left;
    const auto entries = *rows::split_entries(as_bytes(row.bytes));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (row.first + i != seq) rows::append_to_bundle(left, entries[i]);
    }
    ledger.rows[row.first < 256 ? rows::bundle(0) : rows::tail(row.first)] = left;
    EXPECT_EQ(ledger.verify_own().exit_code, 1) << seq;
  }
}

TEST(VerifyDefects, F15BytesAfterAnythingFail) {
  const MemoryLedger good = sample_ledger();
  for (const auto& [key, value] : good.rows) {
    MemoryLedger ledger = sample_ledger();
    ledger.rows[key] += '\n';
    EXPECT_NE(ledger.verify_own().exit_code, 0) << to_hex(as_bytes(key));
  }
}

TEST(VerifyDefects, F17OneBreakIsReportedOnce) {
  MemoryLedger ledger = sample_ledger();
  change_entry(ledger.rows[rows::bundle(0)], "test", "tess");
  const VerifyReport report = ledger.verify_own();
  EXPECT_EQ(report.first_bad_seq, 3U) << "the commit that covers the change";
  for (const char* later : {"tags", "ids", "rows", "head", "key"}) {
    EXPECT_EQ(check_of(report, later).state, CheckState::kNotEvaluated) << later;
  }
}

TEST(VerifyDefects, F18LeavesAreHashedFromStoredBytes) {
  // Tiles and checkpoints agree with each other; only the stored entry differs.
  MemoryLedger ledger = sample_ledger();
  change_entry(ledger.rows[rows::tail(264)], "test", "tess");
  EXPECT_EQ(check_of(ledger.verify_own(), "checkpoints").state, CheckState::kFail);
}

}  // namespace
}  // namespace phantom::test
