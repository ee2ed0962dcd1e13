#include "ledger/publish.h"

#include "events/encoding.h"
#include "ledger/tile_paths.h"
#include "ledger/tree.h"
#include "tests/support/ledger_listed.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <set>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

Signer test_key() {
  SeededRandom random(7);
  return Signer::generate("example.com/log/test", random);
}

// Entries that differ in length and content, the empty one among them.
ListedLedger listed(std::uint64_t count) {
  ListedLedger ledger;
  for (std::uint64_t i = 0; i < count; ++i) {
    ledger.add(Bytes(i % 5, static_cast<std::uint8_t>(i >> 8)));
  }
  return ledger;
}

Published publish(const ListedLedger& ledger, Files& files) {
  MemorySink sink(files);
  auto done = publish_tiles(ledger, sink);
  EXPECT_TRUE(done.ok()) << done.error().message;
  return done.ok() ? *done : Published{};
}

std::string three_digits(std::uint64_t n) {
  char text[8];
  std::snprintf(text, sizeof text, "%03u", static_cast<unsigned>(n));
  return text;
}

// The specification's words, without the functions under test. Good below 256,000 entries.
std::set<std::string> files_by_the_specification(std::uint64_t size) {
  std::set<std::string> names{"checkpoint"};
  std::uint64_t hashes = size;
  for (unsigned level = 0; hashes > 0; ++level, hashes /= 256) {
    std::vector<std::string> places{"tile/" + std::to_string(level) + "/"};
    if (level == 0) places.push_back("tile/entries/");
    for (const std::string& place : places) {
      for (std::uint64_t n = 0; n < hashes / 256; ++n) names.insert(place + three_digits(n));
      if (hashes % 256 != 0) {
        names.insert(place + three_digits(hashes / 256) + ".p/" + std::to_string(hashes % 256));
      }
    }
  }
  return names;
}

std::set<std::string> names_of(const Files& files) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : files) names.insert(name);
  return names;
}

// Every tile and bundle against the entries and nodes of the ledger.
void expect_content(const ListedLedger& ledger, const Files& files) {
  for (const auto& [name, bytes] : files) {
    if (name == "checkpoint") continue;
    const auto tile = tiles::parse_path(name);
    ASSERT_TRUE(tile) << name;
    Bytes expected;
    for (unsigned i = 0; i < tile->width; ++i) {
      const std::uint64_t at = tile->n * 256 + i;
      if (tile->kind == tiles::Kind::kEntries) {
        const Bytes entry = ledger.entry(at).value();
        put_be16(expected, static_cast<std::uint16_t>(entry.size()));
        expected.insert(expected.end(), entry.begin(), entry.end());
      } else {
        const Digest hash = ledger.node(8 * tile->level, at).value();
        expected.insert(expected.end(), hash.begin(), hash.end());
      }
    }
    EXPECT_EQ(bytes, expected) << name;
  }
}

TEST(Publish, FilesAreExactlyThoseOfTheSpecificationForEverySmallSize) {
  const Signer key = test_key();
  ListedLedger ledger = listed(600);
  for (std::uint64_t size = 1; size <= 600; ++size) {
    ledger.set_head(size, key);
    Files files;
    const Published done = publish(ledger, files);
    ASSERT_EQ(names_of(files), files_by_the_specification(size)) << size;
    EXPECT_EQ(done.files + 1, files.size());
    if (size % 85 == 0 || size % 256 < 2) expect_content(ledger, files);
  }
}

TEST(Publish, FilesAreExactlyThoseOfTheSpecificationWhereLevelsBegin) {
  const Signer key = test_key();
  ListedLedger ledger = listed(65'600);
  Files grown;
  for (const std::uint64_t size : {65'279U, 65'280U, 65'535U, 65'536U, 65'537U, 65'600U}) {
    ledger.set_head(size, key);
    const Published done = publish(ledger, grown);
    EXPECT_LE(done.files, size == 65'279U ? 600U : 5U);
    if (size != 65'536U && size != 65'600U) continue;
    Files files;
    publish(ledger, files);
    EXPECT_EQ(names_of(files), files_by_the_specification(size)) << size;
    for (const auto& [name, bytes] : files) EXPECT_EQ(grown.at(name), bytes) << name;
  }
  EXPECT_EQ(grown.at("tile/2/000.p/1").size(), 32U);
  expect_content(ledger, grown);
}

TEST(Publish, GrowthGivesTheSameFilesAsOneRunAndChangesNoFullTile) {
  const Signer key = test_key();
  ListedLedger ledger = listed(3'000);
  SeededRandom random(3);
  Files files;
  std::set<std::string> called_for{"checkpoint"};
  for (std::uint64_t size = 1; size <= 3'000; size += 1 + random.below(120)) {
    ledger.set_head(size, key);
    const Files before = files;
    publish(ledger, files);
    called_for.merge(files_by_the_specification(size));
    for (const std::string& name : files_by_the_specification(size)) {
      ASSERT_TRUE(files.contains(name)) << size << ": " << name;
    }
    for (const auto& [name, bytes] : files) {
      EXPECT_TRUE(called_for.contains(name)) << size << ": " << name;
      // A partial goes when its full tile is there.
      const auto tile = tiles::parse_path(name);
      EXPECT_FALSE(tile && !tile->full() &&
                   files.contains(tiles::path_of({tile->kind, tile->level, tile->n})))
          << size << ": " << name;
      if (name == "checkpoint" || !before.contains(name)) continue;
      EXPECT_EQ(bytes, before.at(name)) << size << ": " << name;
    }
  }
  expect_content(ledger, files);
}

TEST(Publish, WritesOnlyWhatIsNewAndTheCheckpointLast) {
  const Signer key = test_key();
  ListedLedger ledger = listed(1'000);
  ledger.set_head(700, key);
  Files files;
  publish(ledger, files);
  ledger.set_head(770, key);
  MemorySink sink(files);
  const auto done = publish_tiles(ledger, sink);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->size_before, 700U);
  EXPECT_EQ(sink.written,
            (std::vector<std::string>{"tile/entries/002", "tile/0/002", "tile/entries/003.p/2",
                                      "tile/0/003.p/2", "tile/1/000.p/3", "checkpoint"}));
  MemorySink again(files);
  const auto nothing = publish_tiles(ledger, again);
  ASSERT_TRUE(nothing.ok());
  EXPECT_EQ(nothing->files, 0U);
  EXPECT_TRUE(again.written.empty());
}

// tessera testdata/log: the words are its leaves.
TEST(Publish, TesseraLogByteForByte) {
  ListedLedger ledger;
  for (const char* word : {"one", "two", "three", "four", "five", "six", "seven", "eit", "nain",
                           "ten", "ileven", "twelf", "threeten", "fourten", "fivten"}) {
    ledger.add(to_bytes(std::string_view(word)));
  }
  const Signer key = test_key();
  Files files;
  ledger.set_head(3, key);
  publish(ledger, files);
  EXPECT_EQ(to_hex(files.at("tile/entries/000.p/3")), "00036f6e65000374776f00057468726565");
  ledger.set_head(15, key);
  publish(ledger, files);
  EXPECT_EQ(to_base64(ledger.root_of(15)), "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=");
  EXPECT_EQ(as_text(files.at("checkpoint")).substr(0, 70),
            "example.com/log/test\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n\n");
}

TEST(Publish, OnlyTheLogsOwnSignatureGoesOut) {
  MemoryLedger ledger;
  ledger.commit(20);
  Files files;
  publish(ListedLedger(ledger, ledger.size()), files);
  const std::string note(as_text(files.at("checkpoint")));
  EXPECT_EQ(parse_note(note)->signatures.size(), 1U);
  EXPECT_EQ(check_note(note, ledger.key()), NoteCheck::kGood);
  EXPECT_EQ(note.find("/epoch/"), std::string::npos);
}

TEST(Publish, RefusesAForkWithBothNotesAndOverwritesNothing) {
  const MemoryLedger ours = [] {
    MemoryLedger ledger;
    ledger.commit(20);
    ledger.commit(20);
    return ledger;
  }();
  Files files;
  publish(ListedLedger(ours, 21), files);
  const std::string published(as_text(files.at("checkpoint")));

  // Same keys, other events: history was rewritten after it was published.
  MemoryLedger other;
  other.commit(5);
  other.commit(40);
  const ListedLedger fork(other, other.size());
  const Files before = files;
  MemorySink sink(files);
  const auto refused = publish_tiles(fork, sink);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kCorrupt);
  const std::string own = other.note(other.size()).substr(0, other.note(other.size()).find("\n\n"));
  EXPECT_NE(refused.error().message.find(published), std::string::npos);
  EXPECT_NE(refused.error().message.find(own), std::string::npos);
  EXPECT_NE(refused.error().message.find("this ledger's key signed it"), std::string::npos);
  EXPECT_EQ(files, before);

  // Rolled back: fewer events than were published.
  MemorySink shorter(files);
  const auto rolled_back = publish_tiles(ListedLedger(ours, 1), shorter);
  ASSERT_FALSE(rolled_back.ok());
  EXPECT_EQ(rolled_back.error().code, Code::kCorrupt);
  EXPECT_EQ(files, before);
}

TEST(Publish, RefusesADirectoryOfAnotherLogOrOfNone) {
  const ListedLedger ledger(MemoryLedger(2), 1);
  Files files;
  publish(ListedLedger(MemoryLedger(1), 1), files);
  const Files before = files;
  MemorySink sink(files);
  EXPECT_EQ(publish_tiles(ledger, sink).error().code, Code::kExists);
  EXPECT_EQ(files, before);
  Files page{{"checkpoint", to_bytes(std::string_view("my notes\n"))}};
  MemorySink other(page);
  EXPECT_EQ(publish_tiles(ledger, other).error().code, Code::kExists);
  EXPECT_EQ(page.size(), 1U);
}

TEST(Publish, NothingIsPublishedUnderACheckpointTheEventsDoNotHashTo) {
  const Signer key = test_key();
  ListedLedger ledger = listed(500);
  ledger.set_head(300, key);
  Files files;
  publish(ledger, files);
  const Bytes published = files.at("checkpoint");
  ledger.set_head(500, key);
  ledger.change(400) = to_bytes(std::string_view("changed"));
  MemorySink sink(files);
  EXPECT_EQ(publish_tiles(ledger, sink).error().code, Code::kCorrupt);
  EXPECT_EQ(files.at("checkpoint"), published);
}

// Stops before its nth step, as a process that is killed there would.
class KilledSink final : public TileSink {
 public:
  KilledSink(TileSink& below, std::size_t steps) : below_(below), left_(steps) {}
  Result<std::optional<std::string>> checkpoint() override { return below_.checkpoint(); }
  Status put(const std::string& path, ByteView bytes) override {
    PH_TRY(step());
    return below_.put(path, bytes);
  }
  Status commit(std::string_view note) override {
    PH_TRY(step());
    return below_.commit(note);
  }
  void remove_partials(const std::string& path) override {
    if (step().ok()) below_.remove_partials(path);
  }

 private:
  Status step() {
    if (left_ == 0) return Error{Code::kIo, "killed"};
    --left_;
    return {};
  }
  TileSink& below_;
  std::size_t left_;
};

Bytes checkpoint_of(const fs::path& directory) {
  return open_tile_source(directory)->fetch("checkpoint", 65'536).value();
}

TEST(Publish, KilledAtAnyStepTheDirectoryVerifiesAndTheNextRunCompletesIt) {
  MemoryLedger ledger;
  ledger.commit(299);
  ledger.commit(300);
  VerifyOptions options;
  options.key = ledger.key();
  const ListedLedger before(ledger, 300);
  const ListedLedger after(ledger, 600);
  bool finished = false;
  for (std::size_t steps = 0; !finished; ++steps) {
    TempDir scratch;
    const fs::path directory = scratch / "log";
    {
      auto sink = open_tile_directory(directory);
      ASSERT_TRUE(sink.ok());
      ASSERT_TRUE(publish_tiles(before, **sink).ok());
      // What a write that was cut off leaves behind.
      write_text(directory / ".publishing", "half a ti");
    }
    const Bytes old_checkpoint = checkpoint_of(directory);
    bool published = false;
    {
      auto sink = open_tile_directory(directory);
      ASSERT_TRUE(sink.ok());
      KilledSink killed(**sink, steps);
      published = publish_tiles(after, killed).ok();
    }
    EXPECT_EQ(checkpoint_of(directory) != old_checkpoint, published) << steps;
    const VerifyReport report = verify_tiles(*open_tile_source(directory), options);
    EXPECT_EQ(report.exit_code, 0) << steps << ": " << verdict_text(report);
    EXPECT_EQ(report.events, published ? 600U : 300U);

    auto sink = open_tile_directory(directory);
    ASSERT_TRUE(sink.ok());
    ASSERT_TRUE(publish_tiles(after, **sink).ok());
    const VerifyReport whole = verify_tiles(*open_tile_source(directory), options);
    EXPECT_EQ(whole.exit_code, 0) << steps << ": " << verdict_text(whole);
    EXPECT_EQ(whole.events, 600U);
    // Four full files, three partial ones, the checkpoint, six removals at most.
    finished = published && steps > 14;
  }
}

TEST(Publish, TwoCannotPublishToOneDirectoryAtOnce) {
  TempDir scratch;
  const auto first = open_tile_directory(scratch / "log");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(open_tile_directory(scratch / "log").error().code, Code::kBusy);
}

}  // namespace
}  // namespace phantom::test
