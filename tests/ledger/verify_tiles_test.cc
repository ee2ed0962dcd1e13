#include "ledger/verify_tiles.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "ledger/publish.h"
#include "ledger/tile_paths.h"
#include "tests/support/fake_clock.h"
#include "tests/support/ledger_home.h"
#include "tests/support/ledger_listed.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

MemoryLedger tiled_ledger() {
  MemoryLedger ledger;
  ledger.commit(199);
  ledger.start_epoch(2);
  ledger.commit(97);
  ledger.commit(420);
  return ledger;  // 720 events: commits of 1, 200, 203, 300, 720
}

void publish_into(const ListedLedger& ledger, Files& files) {
  MemorySink sink(files);
  const auto done = publish_tiles(ledger, sink);
  ASSERT_TRUE(done.ok()) << done.error().message;
}

Files published_files(const MemoryLedger& ledger) {
  Files files;
  publish_into(ListedLedger(ledger, ledger.size()), files);
  return files;
}

VerifyOptions pinned_to(const MemoryLedger& ledger) {
  VerifyOptions options;
  options.key = ledger.key();
  return options;
}

VerifyReport verify_published(const Files& files, const VerifyOptions& options) {
  return verify_tiles(MemorySource(files), options);
}

TEST(VerifyTiles, PublishedLogIsVerified) {
  const MemoryLedger ledger = tiled_ledger();
  const VerifyReport report = verify_published(published_files(ledger), pinned_to(ledger));
  EXPECT_EQ(verdict_text(report), "verified");
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.verdict, Verdict::kVerified);
  EXPECT_EQ(report.rung, 2);
  EXPECT_EQ(report.events, 720U);
  EXPECT_EQ(report.commits, 5U);
  EXPECT_EQ(report.epochs, 2U);
  EXPECT_EQ(report.head->root, parse_checkpoint(ledger.head_note())->checkpoint.root);
  std::string ids;
  for (const Check& check : report.checks) ids += check.id + " ";
  EXPECT_EQ(ids, "checkpoint entries tree tiles ids schema key trust anchors ");
}

TEST(VerifyTiles, NumberOfThreadsChangesNothing) {
  const MemoryLedger ledger = tiled_ledger();
  const Files files = published_files(ledger);
  for (const unsigned threads : {1U, 3U, 64U}) {
    VerifyOptions options = pinned_to(ledger);
    options.threads = threads;
    EXPECT_EQ(verify_published(files, options).exit_code, 0) << threads;
  }
}

TEST(VerifyTiles, WithoutAKeyNothingIsCertain) {
  const MemoryLedger ledger = tiled_ledger();
  const VerifyReport report = verify_published(published_files(ledger), {});
  EXPECT_EQ(report.exit_code, 3);
  EXPECT_EQ(report.rung, 1);
  EXPECT_EQ(check_of(report, "key").state, CheckState::kIndeterminate);
}

TEST(VerifyTiles, AnotherKeyOrOriginFails) {
  const MemoryLedger ledger = tiled_ledger();
  const VerifyReport report = verify_published(published_files(ledger), pinned_to(MemoryLedger(2)));
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(check_of(report, "key").state, CheckState::kFail);
}

TEST(VerifyTiles, NoCheckpointIsIndeterminateUnlessThereWasOne) {
  const MemoryLedger ledger = tiled_ledger();
  VerifyOptions options = pinned_to(ledger);
  EXPECT_EQ(verify_published({}, options).exit_code, 3);
  EXPECT_EQ(verify_published({}, options).rung, -1);
  options.trust = ledger.note(300);
  EXPECT_EQ(verify_published({}, options).exit_code, 1);
  options.trust.reset();
  options.anchors = {ledger.note(300)};
  EXPECT_EQ(verify_published({}, options).exit_code, 1);
}

TEST(VerifyTiles, EveryFlippedByteOfSmallFilesAndManyOfBigOnesFail) {
  const MemoryLedger ledger = [] {
    MemoryLedger made;
    made.commit(270);
    return made;
  }();
  const Files good = published_files(ledger);
  const VerifyOptions options = pinned_to(ledger);
  ASSERT_EQ(good.size(), 6U);
  for (const auto& [name, bytes] : good) {
    const std::size_t stride = std::max<std::size_t>(bytes.size() / 60, 1);
    for (std::size_t i = 0; i < bytes.size(); i += stride) {
      Files files = good;
      files[name][i] = static_cast<std::uint8_t>(bytes[i] ^ (1 << (i % 8)));
      const VerifyReport report = verify_published(files, options);
      EXPECT_EQ(report.exit_code, 1) << name << " byte " << i << ": " << verdict_text(report);
    }
    for (const std::size_t length : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
      Files files = good;
      files[name].resize(length);
      EXPECT_EQ(verify_published(files, options).exit_code, 1) << name << " cut to " << length;
    }
    Files files = good;
    files[name].push_back('x');
    EXPECT_EQ(verify_published(files, options).exit_code, 1) << name << " and a byte";
  }
}

TEST(VerifyTiles, MissingFilesThatTheCheckpointCallsForFail) {
  const MemoryLedger ledger = tiled_ledger();
  const Files good = published_files(ledger);
  for (const auto& [name, bytes] : good) {
    if (name == "checkpoint") continue;
    Files files = good;
    files.erase(name);
    const VerifyReport report = verify_published(files, pinned_to(ledger));
    EXPECT_EQ(report.exit_code, 1) << name;
    EXPECT_NE(verdict_text(report).find(name + " is missing"), std::string::npos)
        << verdict_text(report);
  }
}

TEST(VerifyTiles, FullTilesStandInForPartialsThatAreGone) {
  const MemoryLedger ledger = tiled_ledger();
  Files old;
  publish_into(ListedLedger(ledger, 203), old);
  Files files = published_files(ledger);
  files["checkpoint"] = old["checkpoint"];
  ASSERT_FALSE(files.contains("tile/entries/000.p/203"));
  ASSERT_FALSE(files.contains("tile/0/000.p/203"));
  const VerifyReport report = verify_published(files, pinned_to(ledger));
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_EQ(report.events, 203U);
  EXPECT_NE(check_of(report, "tiles").reason.find("files the checkpoint does not call for"),
            std::string::npos);
}

TEST(VerifyTiles, FilesThatBelongToNothingAreNoted) {
  const MemoryLedger ledger = tiled_ledger();
  Files files = published_files(ledger);
  files["index.html"] = {};
  files["tile/0/009"] = Bytes(8'192);
  const VerifyReport report = verify_published(files, pinned_to(ledger));
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(check_of(report, "tiles").reason,
            "2 files the checkpoint does not call for: index.html tile/0/009");
}

TEST(VerifyTiles, PartialsOfOlderCheckpointsAreChecked) {
  const MemoryLedger ledger = tiled_ledger();
  Files files;
  publish_into(ListedLedger(ledger, 200), files);
  publish_into(ListedLedger(ledger, 203), files);
  const Files good = files;
  const VerifyOptions options = pinned_to(ledger);
  EXPECT_EQ(verify_published(files, options).exit_code, 0);
  for (const char* name : {"tile/0/000.p/200", "tile/entries/000.p/200"}) {
    ASSERT_TRUE(good.contains(name));
    files = good;
    files[name].back() ^= 1;
    EXPECT_EQ(verify_published(files, options).exit_code, 1) << name;
    files[name].pop_back();
    EXPECT_EQ(verify_published(files, options).exit_code, 1) << name;
    files[name].clear();
    EXPECT_EQ(verify_published(files, options).exit_code, 1) << name;
  }
}

TEST(VerifyTiles, ChangedEventIsNamedThoughItStillParses) {
  const MemoryLedger ledger = tiled_ledger();
  // As somebody who can rewrite bundles and tiles, and has no key.
  ListedLedger changed(ledger, ledger.size());
  Bytes& entry = changed.change(300);
  const auto at = std::search(entry.begin(), entry.end(), std::begin("test"), std::end("test") - 1);
  ASSERT_NE(at, entry.end());
  *at = 'T';
  Files files = published_files(ledger);
  Bytes& bundle = files.at("tile/entries/001");
  const auto place = std::search(bundle.begin(), bundle.end(), entry.begin(), at);
  ASSERT_NE(place, bundle.end());
  *(place + (at - entry.begin())) = 'T';
  const VerifyReport report = verify_published(files, pinned_to(ledger));
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(check_of(report, "tree").state, CheckState::kFail) << verdict_text(report);
  EXPECT_EQ(report.first_bad_seq, 300U);

  // With the tile made to fit, only the root tells.
  const Digest leaf = leaf_hash(entry);
  std::copy(leaf.begin(), leaf.end(), files.at("tile/0/001").begin() + 32 * (300 - 256));
  const VerifyReport fitted = verify_published(files, pinned_to(ledger));
  EXPECT_EQ(fitted.exit_code, 1);
  // The tile above it does not follow, and says which 256 events to look at.
  EXPECT_EQ(check_of(fitted, "tree").state, CheckState::kFail) << verdict_text(fitted);
  EXPECT_EQ(fitted.first_bad_seq, 256U);
}

TEST(VerifyTiles, WrongTileOverRightEventsIsTheTilesFault) {
  const MemoryLedger ledger = tiled_ledger();
  Files files = published_files(ledger);
  files.at("tile/0/001")[32 * 5] ^= 1;
  const VerifyReport report = verify_published(files, pinned_to(ledger));
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(check_of(report, "tree").state, CheckState::kPass);
  EXPECT_EQ(check_of(report, "tiles").state, CheckState::kFail);
  EXPECT_EQ(report.first_bad_seq, 261U);
}

// What a holder of the log key could sign and still cannot get past a reader.
TEST(VerifyTiles, EventsThatDoNotFollowFromEachOtherFail) {
  const MemoryLedger ledger = tiled_ledger();
  const ListedLedger whole(ledger, ledger.size());
  const auto resigned = [&](const std::vector<Seq>& order) {
    ListedLedger made;
    for (const Seq seq : order) made.add(whole.entry(seq).value());
    const Checkpoint checkpoint{ledger.origin(), order.size(), made.root_of(order.size())};
    made.set_head({checkpoint, ledger.sign(checkpoint, 1)});
    Files files;
    publish_into(made, files);
    return verify_published(files, pinned_to(ledger));
  };
  EXPECT_EQ(resigned({0, 1, 2, 3}).exit_code, 0);
  const VerifyReport swapped = resigned({0, 2, 1, 3});
  EXPECT_EQ(swapped.exit_code, 1);
  EXPECT_EQ(swapped.first_bad_seq, 1U);
  EXPECT_EQ(resigned({0, 1, 3}).exit_code, 1);
  EXPECT_EQ(resigned({1, 2, 3}).exit_code, 1);
  EXPECT_EQ(resigned({0, 0}).exit_code, 1);
}

TEST(VerifyTiles, AnEventIdUsedTwiceFails) {
  // Two ledgers under one key that begin alike; the second one's event took the first one's id.
  const auto with_ids = [](const EventId& first, const EventId& second) {
    MemoryLedger ledger;
    Draft a = note_draft(1);
    a.id = first;
    Draft b = note_draft(2);
    b.id = second;
    std::vector<Draft> drafts;
    drafts.push_back(std::move(a));
    ledger.commit(std::move(drafts));
    drafts.clear();
    drafts.push_back(std::move(b));
    ledger.commit(std::move(drafts));
    return ledger;
  };
  // Of the year 1970.
  EventId one{};
  EventId two{};
  std::fill(one.begin() + 6, one.end(), std::uint8_t{0x71});
  std::fill(two.begin() + 6, two.end(), std::uint8_t{0x72});
  const MemoryLedger good = with_ids(one, two);
  ListedLedger doubled(good, 2);
  Bytes entry = ListedLedger(good, 3).entry(2).value();
  const auto at = std::search(entry.begin(), entry.end(), two.begin(), two.end());
  ASSERT_NE(at, entry.end());
  std::copy(one.begin(), one.end(), at);
  doubled.add(entry);
  const Checkpoint checkpoint{good.origin(), 3, doubled.root_of(3)};
  doubled.set_head({checkpoint, good.sign(checkpoint, 1)});
  Files files;
  publish_into(doubled, files);
  const VerifyReport report = verify_published(files, pinned_to(good));
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(check_of(report, "ids").state, CheckState::kFail) << verdict_text(report);
  EXPECT_EQ(report.first_bad_seq, 2U);
}

TEST(VerifyTiles, TrustAndAnchorsRaiseTheRung) {
  const MemoryLedger ledger = tiled_ledger();
  const Files files = published_files(ledger);
  VerifyOptions options = pinned_to(ledger);
  FakeClock clock;
  options.clock = &clock;
  for (const std::uint64_t size : {1U, 200U, 203U, 300U, 720U}) {
    options.trust = ledger.note(size);
    options.anchors.clear();
    EXPECT_EQ(verify_published(files, options).rung, 3) << size;
    options.anchors = {ledger.note(size)};
    const VerifyReport report = verify_published(files, options);
    EXPECT_EQ(report.rung, 4) << size << ": " << verdict_text(report);
    EXPECT_EQ(report.exit_code, 0);
    EXPECT_EQ(report.unanchored_events, 720U - size);
  }
}

TEST(VerifyTiles, ContradictingTrustAndAnchorsFail) {
  const MemoryLedger ledger = tiled_ledger();
  Files old;
  publish_into(ListedLedger(ledger, 300), old);
  MemoryLedger other;
  other.commit(5);
  other.commit(45);
  VerifyOptions options = pinned_to(ledger);
  options.trust = ledger.note(720);
  EXPECT_EQ(verify_published(old, options).exit_code, 1);
  options.trust = other.note(51);
  EXPECT_EQ(verify_published(old, options).exit_code, 1);
  options.trust = MemoryLedger(2).head_note();
  EXPECT_EQ(verify_published(old, options).exit_code, 1);
  options.trust.reset();
  options.anchors = {ledger.note(200), other.note(51)};
  const VerifyReport report = verify_published(old, options);
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(check_of(report, "anchors").state, CheckState::kFail);
}

TEST(VerifyTiles, NoChangedByteOfAnAnchorPasses) {
  const MemoryLedger ledger = tiled_ledger();
  const Files files = published_files(ledger);
  const std::string& note = ledger.note(203);
  for (std::size_t i = 0; i < note.size(); i += 3) {
    VerifyOptions options = pinned_to(ledger);
    options.anchors = {note};
    options.anchors[0][i] = static_cast<char>(note[i] ^ (1 << (i % 8)));
    EXPECT_NE(verify_published(files, options).exit_code, 0) << i;
  }
}

TEST(VerifyTiles, SignaturesOfWitnessesAreSkippedAndCounted) {
  const MemoryLedger ledger = tiled_ledger();
  Files files = published_files(ledger);
  std::string note(as_text(files.at("checkpoint")));
  note += "\xe2\x80\x94 witness.example/1 AAAAAAAA/////w==\n";
  files["checkpoint"] = to_bytes(std::string_view(note));
  const VerifyReport report = verify_published(files, pinned_to(ledger));
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_EQ(report.not_checked.front(), "1 signatures of the checkpoint by other keys");
}

TEST(VerifyTiles, AnUnreachableSourceIsNoContradiction) {
  const MemoryLedger ledger = tiled_ledger();
  const Files files = published_files(ledger);
  const struct {
    Code code;
    int exit_code;
  } rows[] = {{Code::kBusy, 75}, {Code::kDenied, 77}, {Code::kIo, 74}, {Code::kInvalid, 3}};
  for (const auto& row : rows) {
    for (const char* path : {"checkpoint", "tile/entries/000", "tile/0/001", "tile/1/000.p/2"}) {
      MemorySource source(files);
      source.errors[path] = row.code;
      const VerifyReport report = verify_tiles(source, pinned_to(ledger));
      EXPECT_EQ(report.exit_code, row.exit_code) << path;
      EXPECT_EQ(report.verdict, Verdict::kIndeterminate) << path;
    }
  }
}

TEST(VerifyTiles, FileLongerThanAnyTileFails) {
  const MemoryLedger ledger = tiled_ledger();
  Files files = published_files(ledger);
  files["tile/0/000"].resize(20'000);
  EXPECT_EQ(verify_published(files, pinned_to(ledger)).exit_code, 1);
}

}  // namespace
}  // namespace phantom::test
