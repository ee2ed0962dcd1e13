// A ledger whose beginning was removed on record verifies and proves what it did before; the same
// beginning removed in any other way does not. Attacks by their names in docs/ATTACKS.md.

#include "ledger/prune.h"

#include "events/envelope.h"
#include "events/tags.h"
#include "ledger/rows.h"
#include "ledger/tag_table.h"
#include "ledger/tree.h"
#include "tests/support/ledger_home.h"
#include "tests/support/ledger_pruned.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

MemoryLedger pruned_ledger() {
  MemoryLedger ledger = prunable_ledger();
  prune(ledger, kPrunable);
  return ledger;
}

std::string failure_text(const MemoryLedger& ledger) { return verdict_text(ledger.verify_own()); }

bool fails(const MemoryLedger& ledger) { return ledger.verify_own().exit_code == 1; }

TEST(Prune, WhatIsLeftVerifiesAndSaysWhatWasRemoved) {
  const MemoryLedger ledger = pruned_ledger();
  for (const VerifyDepth depth :
       {VerifyDepth::kFull, VerifyDepth::kDeep, VerifyDepth::kIncremental}) {
    VerifyOptions options;
    options.key = ledger.key();
    options.depth = depth;
    const VerifyReport report = ledger.verify(options);
    EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
    EXPECT_EQ(report.rung, 2);
    ASSERT_TRUE(report.pruned);
    EXPECT_EQ(report.pruned->first_kept, kPrunable);
    EXPECT_EQ(report.pruned->asked, kPrunable);
    EXPECT_EQ(report.pruned->requested, ledger.size() - 2);
    EXPECT_EQ(report.pruned->policy, "keep=400d");
    EXPECT_EQ(report.events, ledger.size() - kPrunable);
    EXPECT_EQ(report.epochs, 3U);
  }
}

TEST(Prune, EveryRootAndEveryProofStays) {
  const MemoryLedger whole = prunable_ledger();
  MemoryLedger ledger = prunable_ledger();
  prune(ledger, kPrunable);
  const NodeSource nodes = [&](unsigned height, std::uint64_t index) {
    return read_node(ledger, ledger.size(), height, index);
  };
  for (std::uint64_t size = 1; size <= whole.size(); ++size) {
    ASSERT_EQ(*root_at(nodes, size), root_of(whole, size)) << size;
  }
  const Digest root = root_of(ledger, ledger.size());
  for (Seq seq = 0; seq < whole.size(); seq += 13) {
    const auto proof = inclusion_proof(nodes, seq, ledger.size());
    ASSERT_TRUE(proof.ok()) << proof.error().message;
    const Bytes entry = *read_entry(whole, whole.size(), seq);
    EXPECT_TRUE(verify_inclusion(leaf_hash(entry), seq, ledger.size(), *proof, root)) << seq;
  }
}

TEST(Prune, EventsAreGoneButForThoseOfStateTags) {
  const MemoryLedger whole = prunable_ledger();
  MemoryLedger ledger = prunable_ledger();
  prune(ledger, kPrunable);
  std::size_t kept = 0;
  for (Seq seq = 0; seq < kPrunable; ++seq) {
    const auto entry = read_entry(ledger, ledger.size(), seq);
    const Bytes before = *read_entry(whole, whole.size(), seq);
    bool state = false;
    for (const schema::Tag* tag : *(*parse_entry(before))->tags()) {
      state = state || is_state_tag(tag->name()->string_view());
    }
    ASSERT_EQ(entry.ok(), state) << seq;
    if (state) {
      ++kept;
      EXPECT_EQ(*entry, before);
    } else {
      EXPECT_EQ(entry.error().code, Code::kNotFound);
    }
  }
  EXPECT_EQ(kept, 5U) << "creation, three events of a vault, one epoch";
  for (Seq seq = kPrunable; seq < whole.size(); ++seq) {
    ASSERT_EQ(*read_entry(ledger, ledger.size(), seq), *read_entry(whole, whole.size(), seq));
  }
}

TEST(Prune, CheckpointsOfAnyAgeAreStillTrustAndAnchors) {
  MemoryLedger ledger = prunable_ledger();
  std::vector<std::string> notes;
  for (std::uint64_t size = 1; size <= ledger.size(); ++size) {
    if (ledger.rows.contains(rows::commit(size))) notes.push_back(ledger.note(size));
  }
  prune(ledger, kPrunable);
  for (const std::string& note : notes) {
    for (const VerifyDepth depth : {VerifyDepth::kFull, VerifyDepth::kIncremental}) {
      VerifyOptions options;
      options.key = ledger.key();
      options.trust = note;
      options.anchors = {note};
      options.depth = depth;
      const VerifyReport report = ledger.verify(options);
      EXPECT_EQ(report.exit_code, 0) << verdict_text(report) << note;
      EXPECT_EQ(report.rung, 4);
    }
  }
}

TEST(Prune, OldCheckpointWithAnotherSignatureLineIsUndecided) {
  MemoryLedger ledger = prunable_ledger();
  std::string note = ledger.note(4);
  note[note.size() - 5] ^= 1;  // in the epoch's line
  prune(ledger, kPrunable);
  VerifyOptions options;
  options.key = ledger.key();
  options.trust = note;
  EXPECT_EQ(check_of(ledger.verify(options), "trust").state, CheckState::kIndeterminate);
}

TEST(Prune, CutOffBetweenAnyTwoStepsItVerifiesAndIsGoneOnWith) {
  MemoryLedger ledger = prunable_ledger();
  const Seq requested = request_prune(ledger, kPrunable);
  EXPECT_EQ(ledger.verify_own().exit_code, 0) << failure_text(ledger);
  EXPECT_FALSE(ledger.verify_own().pruned);
  for (Seq at = rows::kBundleEvents; at <= kPrunable; at += rows::kBundleEvents) {
    remove_up_to(ledger, at);
    const VerifyReport report = ledger.verify_own();
    EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
    ASSERT_TRUE(report.pruned);
    EXPECT_EQ(report.pruned->first_kept, at);
    EXPECT_EQ(report.pruned->asked, kPrunable);
    EXPECT_EQ(report.pruned->requested, requested);
    // What is recorded meanwhile changes nothing.
    ledger.commit(1);
  }
  MemoryLedger at_once = prunable_ledger();
  request_prune(at_once, kPrunable);
  const auto changes = prune_rows(at_once, at_once.size(), 0, kPrunable);
  ASSERT_TRUE(changes.ok());
  for (const auto& [key, value] : changes->puts) at_once.rows[key] = value;
  for (const std::string& key : changes->deletes) at_once.rows.erase(key);
  MemoryLedger in_steps = prunable_ledger();
  request_prune(in_steps, kPrunable);
  remove_up_to(in_steps, kPrunable);
  EXPECT_EQ(at_once.rows, in_steps.rows) << "steps of any size give the same rows";
}

TEST(Prune, SecondPruneGoesOnBehindTheFirst) {
  MemoryLedger ledger = prunable_ledger();
  prune(ledger, 256);
  prune(ledger, 1024);
  const VerifyReport report = ledger.verify_own();
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_EQ(report.pruned->first_kept, 1024U);
}

TEST(Prune, PruneEventsThatArePrunedThemselvesStay) {
  MemoryLedger ledger = prunable_ledger();
  prune(ledger, 256);
  ledger.start_epoch(600);
  prune(ledger, rows::open_bundle(ledger.size()));
  const VerifyReport report = ledger.verify_own();
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_EQ(read_tag(ledger, kPruneTag)->value().count, 4U);
}

TEST(Prune, RecordingGoesOn) {
  MemoryLedger ledger = pruned_ledger();
  ledger.commit(400);
  ledger.commit(std::vector<Draft>{note_draft(77'001, session_tag("early")),
                                   note_draft(77'002, vault_tag("p_1"))});
  ledger.start_epoch(3);
  ledger.commit(3);
  EXPECT_EQ(ledger.verify_own().exit_code, 0) << failure_text(ledger);
}

TEST(Prune, WholeSpansOfRemovedEventsVerify) {
  MemoryLedger ledger;
  for (int i = 0; i < 17; ++i) ledger.commit(4'000);
  ledger.start_epoch(1);
  ledger.commit(10);
  const std::string trusted = ledger.head_note();
  const Seq first_kept = 65'536 + 512;
  prune(ledger, first_kept);
  for (const unsigned threads : {3U}) {
    VerifyOptions options;
    options.key = ledger.key();
    options.threads = threads;
    options.trust = trusted;
    EXPECT_EQ(ledger.verify(options).exit_code, 0) << verdict_text(ledger.verify(options));
  }
  ledger.commit(63'500);
  VerifyOptions incremental;
  incremental.key = ledger.key();
  incremental.trust = ledger.head_note();
  incremental.depth = VerifyDepth::kIncremental;
  const VerifyReport report = ledger.verify(incremental);
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_GT(report.trusted_events, first_kept);
  ASSERT_TRUE(report.pruned);
  // Every 37th row of the removed part, gone.
  std::vector<std::string> keys;
  for (const auto& [key, value] : ledger.rows) {
    if (key[0] == rows::kLeaves || key[0] == rows::kKept) keys.push_back(key);
  }
  for (std::size_t i = 0; i < keys.size(); i += 131) {
    const auto row = ledger.rows.extract(keys[i]);
    EXPECT_TRUE(fails(ledger)) << i;
    ledger.rows.emplace(row.key(), row.mapped());
  }
}

// A forger who gets every row right and has no key.
TEST(Attack, F06T09PrefixDeletedByHandFails) {
  MemoryLedger ledger = prunable_ledger();
  for (Seq at = 0; at < kPrunable; at += 256) ledger.rows.erase(rows::bundle(at / 256));
  EXPECT_TRUE(fails(ledger)) << failure_text(ledger);
  // With the commits that would be gone, too.
  for (std::uint64_t size = 1; size < kPrunable; ++size) ledger.rows.erase(rows::commit(size));
  EXPECT_TRUE(fails(ledger)) << failure_text(ledger);
}

TEST(Attack, F06T09HashesWithoutTheEventFail) {
  MemoryLedger ledger = prunable_ledger();
  remove_up_to(ledger, kPrunable);
  EXPECT_EQ(failure_text(ledger), "entries: events 0 to 767 were removed and no event says so");
}

TEST(Attack, F06T09MoreRemovedThanTheEventSaysFails) {
  MemoryLedger ledger = prunable_ledger();
  prune(ledger, kPrunable);
  remove_up_to(ledger, kPrunable + 256);
  EXPECT_EQ(failure_text(ledger), "entries: events 0 to 1023 were removed and no event says so");
}

TEST(Attack, F06T09EventOverAnotherRootFails) {
  MemoryLedger ledger = prunable_ledger();
  PruneRequest request;
  request.first_kept = kPrunable;
  request.root = root_of(ledger, kPrunable + 1);
  ledger.commit(std::vector<Draft>{prune_requested({}, request)});
  remove_up_to(ledger, kPrunable);
  EXPECT_TRUE(failure_text(ledger).ends_with("asks for a prune of events with another root"))
      << failure_text(ledger);
}

TEST(Attack, F06T09EventOverOddNumbersFails) {
  for (const Seq first_kept : {Seq{100}, Seq{1} << 40}) {
    MemoryLedger ledger = prunable_ledger();
    PruneRequest request;
    request.first_kept = first_kept;
    ledger.commit(std::vector<Draft>{prune_requested({}, request)});
    remove_up_to(ledger, kPrunable);
    EXPECT_TRUE(fails(ledger)) << failure_text(ledger);
  }
}

TEST(Attack, F06T09EventWithoutItsTagOrTagWithoutEventFails) {
  MemoryLedger untagged = prunable_ledger();
  PruneRequest request;
  request.first_kept = kPrunable;
  request.root = root_of(untagged, kPrunable);
  Draft draft = prune_requested({}, request);
  draft.tags = {"session:x"};
  untagged.commit(std::vector<Draft>{draft});
  EXPECT_TRUE(fails(untagged));
  MemoryLedger borrowed = prunable_ledger();
  borrowed.commit(std::vector<Draft>{note_draft(80'000, std::string(kPruneTag))});
  EXPECT_TRUE(fails(borrowed));
}

TEST(Attack, F06T09NewestRequestIsCutOffTheTag) {
  // The tag's row is made to lead past the event: the event itself names the tag.
  MemoryLedger ledger = pruned_ledger();
  ledger.rows.erase(rows::tag(kPruneTag));
  EXPECT_TRUE(fails(ledger));
}

TEST(Attack, F06T09FormatPutBackOrForwardFails) {
  MemoryLedger back = pruned_ledger();
  back.rows[rows::meta("format")] = rows::kFormat;
  EXPECT_TRUE(fails(back));
  MemoryLedger forward = prunable_ledger();
  forward.rows[rows::meta("format")] = rows::kPrunedFormat;
  EXPECT_TRUE(fails(forward));
}

TEST(Attack, F06T09EveryRowOfTheRemovedPartIsHeldToTheTree) {
  MemoryLedger ledger = pruned_ledger();
  const MemoryLedger::Rows good = ledger.rows;
  VerifyOptions deep;
  deep.key = ledger.key();
  deep.depth = VerifyDepth::kDeep;
  std::size_t seen = 0;
  for (const auto& [key, value] : good) {
    const bool of_removed = key[0] == rows::kLeaves || key[0] == rows::kKept ||
                            (key[0] == rows::kCommit && *rows::number_of(key) <= kPrunable);
    if (!of_removed) continue;
    ++seen;
    const std::string name = std::string(1, key[0]) + std::to_string(*rows::number_of(key));
    ledger.rows.erase(key);
    EXPECT_TRUE(fails(ledger)) << name << " deleted";
    for (std::size_t at = 0; at < value.size(); at += value.size() / 7 + 1) {
      std::string changed = value;
      changed[at] = static_cast<char>(changed[at] ^ 4);
      ledger.rows[key] = changed;
      EXPECT_EQ(ledger.verify(deep).exit_code, 1) << name << " changed at " << at;
    }
    ledger.rows[key] = value + 'x';
    EXPECT_TRUE(fails(ledger)) << name << " longer";
    ledger.rows[key] = value;
    for (const std::string& beside : {key + 'x', key.substr(0, 8), key.substr(0, 1)}) {
      ledger.rows[beside] = value;
      EXPECT_TRUE(fails(ledger)) << name << " beside, key of " << beside.size();
      ledger.rows.erase(beside);
    }
  }
  EXPECT_EQ(ledger.rows, good);
  EXPECT_EQ(seen, 3U + 5U + 2U) << "three bundles, five entries, an epoch's end and the newest";
}

TEST(Attack, F06T09RemovedRowsPutBackFail) {
  const MemoryLedger whole = prunable_ledger();
  MemoryLedger ledger = pruned_ledger();
  for (const auto& [key, value] : whole.rows) {
    if (ledger.rows.contains(key)) continue;
    ledger.rows[key] = value;
    EXPECT_TRUE(fails(ledger)) << key[0] << *rows::number_of(key);
    ledger.rows.erase(key);
  }
  // An entry kept that has no tag to be kept for.
  ledger.rows[rows::kept(50)] = std::string(as_text(*read_entry(whole, whole.size(), 50)));
  EXPECT_TRUE(fails(ledger));
}

TEST(Attack, F06T09TagRowsOfRemovedEventsCannotPointAhead) {
  MemoryLedger ledger = pruned_ledger();
  ledger.rows[rows::tag("session:forged")] = rows::tag_value(kPrunable, 3);
  EXPECT_TRUE(fails(ledger));
  ledger.rows[rows::tag("session:forged")] = rows::tag_value(3, 9);
  EXPECT_TRUE(fails(ledger));
  ledger.rows[rows::tag("session:forged")] = rows::tag_value(3, 2);
  EXPECT_TRUE(fails(ledger)) << "the event that allows the removal names all rows of tags";
  ledger.rows.erase(rows::tag("session:forged"));
  const std::string early = ledger.rows.at(rows::tag("session:early"));
  ledger.rows[rows::tag("session:early")] = rows::tag_value(99, 90);
  EXPECT_TRUE(fails(ledger)) << "a changed one";
  ledger.rows.erase(rows::tag("session:early"));
  EXPECT_TRUE(fails(ledger)) << "one that is gone";
  ledger.rows[rows::tag("session:early")] = early;
  EXPECT_FALSE(fails(ledger));
  ledger.rows[rows::tag("vault:forged")] = rows::tag_value(3, 1);
  EXPECT_TRUE(fails(ledger)) << "events of state tags are kept";
}

}  // namespace
}  // namespace phantom::test
