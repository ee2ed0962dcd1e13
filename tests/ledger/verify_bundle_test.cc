#include "ledger/verify_bundle.h"

#include "events/encoding.h"
#include "ledger/bundle_manifest.h"
#include "ledger/cosignature.h"
#include "ledger/prove.h"
#include "ledger/tar.h"
#include "tests/support/ledger_bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phantom::test {
namespace {

Context in_session(const std::string& session) {
  Context context;
  context.session = session;
  context.project = "p_1";
  return context;
}

// Events of two sessions in turns, other things in between, and a second epoch.
MemoryLedger mixed_ledger() {
  MemoryLedger ledger;
  std::uint64_t number = 0;
  for (int commit = 0; commit < 6; ++commit) {
    std::vector<Draft> drafts;
    for (int i = 0; i < 3; ++i) {
      drafts.push_back(event_of(in_session(number % 2 == 0 ? "even" : "odd"), number));
      ++number;
      drafts.push_back(event_of({}, number, {"secret:p_1/KEY"}));
    }
    ledger.commit(std::move(drafts));
    ledger.commit(5);
    if (commit == 2) ledger.start_epoch(1);
  }
  return ledger;
}

// Of epoch 2 in that ledger.
constexpr Seq kAnnouncement = 35;

EntryFilter session_query(const std::string& session) {
  EntryFilter filter;
  filter.session = session;
  return filter;
}

VerifyOptions with_key_of(const MemoryLedger& ledger) {
  VerifyOptions options;
  options.key = ledger.key();
  return options;
}

std::string states(const VerifyReport& report) {
  std::string text;
  for (const Check& check : report.checks) {
    text += check.id + (check.state == CheckState::kPass      ? "+ "
                        : check.state == CheckState::kSkipped ? "- "
                        : check.state == CheckState::kFail    ? "! "
                                                              : "? ");
  }
  return text;
}

TEST(VerifyBundle, BundleIsCompleteForItsQuery) {
  MemoryLedger ledger = mixed_ledger();
  const Bytes bundle = make_bundle(ledger, session_query("even"));
  const VerifyReport report = verify_bytes(bundle, with_key_of(ledger), BundleDemand::kComplete);
  EXPECT_EQ(verdict_text(report), "verified");
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.rung, 5);
  EXPECT_EQ(states(report),
            "bundle+ manifest+ entries+ tree+ cover+ rendering+ key+ trust- anchors- ");
  BundleParts parts = take_apart(bundle);
  const BundleManifest manifest = parse_manifest(parts.text("manifest.json")).value();
  EXPECT_EQ(manifest.cover_tag, "session:even");
  EXPECT_EQ(manifest.counts.matched, 9U);
  EXPECT_EQ(manifest.counts.keys, 2U);
  EXPECT_EQ(manifest.counts.disclosed, 12U) << "with the keys and the closing event";
  EXPECT_EQ(report.unanchored_events, manifest.size);
}

TEST(VerifyBundle, SameQueryGivesTheSameBytes) {
  MemoryLedger ledger = mixed_ledger();
  for (const char* query :
       {"", "session=even", "secret=p_1/KEY", "secret=KEY", "project=p_1", "type=audit.read",
        "session=nosuch", "from=4 to=9", "from=4 to=9 session=odd", "outcome=denied"}) {
    const EntryFilter filter = parse_query(query).value();
    const Bytes first = make_bundle(ledger, filter);
    const std::uint64_t size = ledger.size();
    EXPECT_EQ(make_bundle(ledger, filter), first) << query;
    EXPECT_EQ(ledger.size(), size) << "nothing is appended for what was asked before: " << query;
    const VerifyReport report = verify_bytes(first, with_key_of(ledger), BundleDemand::kComplete);
    EXPECT_EQ(verdict_text(report), "verified") << query;
    EXPECT_EQ(report.rung, 5) << query;
  }
}

// A chain is read by its links when it is thin and by reading all events when it is not.
TEST(VerifyBundle, ThinChainOfALongLedger) {
  MemoryLedger ledger;
  for (std::uint64_t i = 0; i < 12; ++i) {
    ledger.commit(190);
    std::vector<Draft> drafts;
    drafts.push_back(event_of(in_session("thin"), i));
    ledger.commit(std::move(drafts));
  }
  for (const char* query : {"session=thin", "from=400 session=thin", "to=1200 session=thin",
                            "from=400 to=1200 session=thin", "from=2000 to=2001 session=thin"}) {
    const Bytes bundle = make_bundle(ledger, parse_query(query).value());
    const VerifyReport report = verify_bytes(bundle, with_key_of(ledger), BundleDemand::kComplete);
    EXPECT_EQ(verdict_text(report), "verified") << query;
    EXPECT_LT(bundle.size(), 400'000U);
  }
}

TEST(VerifyBundle, WithoutAPinnedKeyNothingIsCertain) {
  MemoryLedger ledger = mixed_ledger();
  const Bytes bundle = make_bundle(ledger, session_query("even"));
  const VerifyReport report = verify_bytes(bundle, {});
  EXPECT_EQ(report.exit_code, 3);
  EXPECT_EQ(report.rung, 1);
  EXPECT_EQ(verify_bytes(bundle, with_key_of(MemoryLedger(2))).exit_code, 1);
}

TEST(VerifyBundle, MatchingOnlyClaimsNothing) {
  MemoryLedger ledger = mixed_ledger();
  BundleOrder order;
  order.disclose = Disclose::kMatching;
  const EntryFilter filter = parse_query("from=3 to=40 type=audit.read session=odd").value();
  const Bytes bundle = make_bundle(ledger, filter, order);
  const VerifyReport report = verify_bytes(bundle, with_key_of(ledger));
  EXPECT_EQ(verdict_text(report), "verified");
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.rung, 2);
  EXPECT_EQ(check_of(report, "cover").state, CheckState::kSkipped);
  const VerifyReport strict = verify_bytes(bundle, with_key_of(ledger), BundleDemand::kComplete);
  EXPECT_EQ(strict.exit_code, 3);
  EXPECT_EQ(check_of(strict, "cover").state, CheckState::kIndeterminate);
}

// T17 and T19: what its owner could do who has the key and makes proof and signature fit.
TEST(VerifyBundle, T17EveryOmissionIsNamedEvenWhenProofAndSignatureFit) {
  MemoryLedger ledger = mixed_ledger();
  for (const char* query : {"session=even", "from=10 to=50 session=odd", "from=20 to=30", "to=12",
                            "secret=p_1/KEY", "project=p_1"}) {
    const Bytes bundle = make_bundle(ledger, parse_query(query).value());
    BundleParts parts = take_apart(bundle);
    const BundleEntries all = entries_of(parts);
    const BundleManifest manifest = parse_manifest(parts.text("manifest.json")).value();
    for (std::size_t i = 0; i < all.size(); ++i) {
      BundleEntries fewer = all;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      BundleParts bad = parts;
      set_entries(bad, ledger, fewer);
      const VerifyReport report =
          verify_bytes(put_together(bad, log_key_of(ledger)), with_key_of(ledger));
      const Seq seq = all[i].first;
      // The newest announcement outside of the cover: the next test.
      if (!manifest.cover_tag.empty() && seq == kAnnouncement) continue;
      if (manifest.cover_tag.empty() && seq == kAnnouncement && seq > manifest.upper) continue;
      EXPECT_EQ(report.exit_code, 1) << query << ": without event " << seq;
      EXPECT_THAT(verdict_text(report), testing::HasSubstr("event " + std::to_string(seq)))
          << query;
    }
  }
}

// Nothing follows it that would lead back to it, and the log's signature does not depend on it.
TEST(VerifyBundle, OnlyTheNewestAnnouncementOutsideOfTheCoverCanBeMissingUnseen) {
  MemoryLedger ledger = mixed_ledger();
  const Bytes bundle = make_bundle(ledger, session_query("even"));
  BundleParts parts = take_apart(bundle);
  const BundleEntries all = entries_of(parts);
  std::vector<Seq> unseen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    BundleEntries fewer = all;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    BundleParts bad = parts;
    set_entries(bad, ledger, fewer);
    if (verify_bytes(put_together(bad, log_key_of(ledger)), with_key_of(ledger)).exit_code != 1) {
      unseen.push_back(all[i].first);
    }
  }
  EXPECT_THAT(unseen, testing::ElementsAre(kAnnouncement));
}

TEST(VerifyBundle, T19DuplicatesReorderingsAndAdditionsFail) {
  MemoryLedger ledger = mixed_ledger();
  const ListedLedger listed(ledger, ledger.size());
  const Bytes bundle = make_bundle(ledger, session_query("even"));
  const BundleParts parts = take_apart(bundle);
  BundleParts copy = parts;
  const BundleEntries all = entries_of(copy);
  const auto verdict = [&](const BundleEntries& entries) {
    BundleParts bad = parts;
    set_entries(bad, ledger, entries);
    const VerifyReport report =
        verify_bytes(put_together(bad, log_key_of(ledger)), with_key_of(ledger));
    EXPECT_EQ(report.exit_code, 1);
    return verdict_text(report);
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    BundleEntries twice = all;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), all[i]);
    EXPECT_THAT(verdict(twice), testing::HasSubstr("event " + std::to_string(all[i].first) +
                                                   ": it is there twice"));
    if (i + 1 == all.size()) continue;
    BundleEntries swapped = all;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_THAT(verdict(swapped), testing::StartsWith("entries: event "));
  }
  // One more event, of another session or of none.
  for (Seq seq = 1; seq < ledger.size(); ++seq) {
    BundleEntries more = all;
    const auto at =
        std::lower_bound(more.begin(), more.end(), seq,
                         [](const auto& entry, Seq wanted) { return entry.first < wanted; });
    if (at == more.end() || at->first == seq) continue;
    more.insert(at, {seq, listed.entry(seq).ok() ? *listed.entry(seq) : Bytes()});
    const std::string said = verdict(more);
    EXPECT_THAT(said, testing::HasSubstr("event " + std::to_string(seq)));
    EXPECT_THAT(said, testing::HasSubstr("the query does not call for it"));
  }
}

TEST(VerifyBundle, EditedEntryFailsAndIsNamed) {
  MemoryLedger ledger = mixed_ledger();
  const Bytes bundle = make_bundle(ledger, session_query("even"));
  BundleParts parts = take_apart(bundle);
  BundleEntries entries = entries_of(parts);
  const std::size_t at = 3;
  Bytes& entry = entries[at].second;
  const std::string_view boot = "boot";
  const auto found = std::search(entry.begin(), entry.end(), boot.begin(), boot.end());
  ASSERT_NE(found, entry.end());
  *found = 'B';
  Bytes packed;
  for (const auto& [seq, bytes] : entries) {
    put_be64(packed, seq);
    put_be16(packed, static_cast<std::uint16_t>(bytes.size()));
    packed.insert(packed.end(), bytes.begin(), bytes.end());
  }
  parts["entries"] = packed;
  const VerifyReport report =
      verify_bytes(put_together(parts, log_key_of(ledger)), with_key_of(ledger));
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_THAT(verdict_text(report), testing::StartsWith("tree: "));
  EXPECT_EQ(report.first_bad_seq, entries[at].first);
}

TEST(VerifyBundle, PeriodInTheManifestIsHeldToTheQuery) {
  MemoryLedger ledger = mixed_ledger();
  const Bytes bundle = make_bundle(ledger, parse_query("from=10 to=50 session=odd").value());
  const BundleParts parts = take_apart(bundle);
  const auto with = [&](const std::function<void(BundleManifest&)>& change) {
    BundleParts bad = parts;
    BundleManifest manifest = parse_manifest(bad.text("manifest.json")).value();
    change(manifest);
    bad["manifest.json"] = to_bytes(as_bytes(manifest_text(manifest)));
    return verify_bytes(put_together(bad, log_key_of(ledger)), with_key_of(ledger)).exit_code;
  };
  EXPECT_EQ(with([](BundleManifest&) {}), 0);
  EXPECT_EQ(with([](BundleManifest& m) { m.query = "from=10 to=60 session=odd"; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.query = "from=3 to=50 session=odd"; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.query = "from=10 session=odd"; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.query = "from=10 to=50 session=even"; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.cover_tag = ""; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.cover_tag = "project:p_1"; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { --m.upper; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.lower.reset(); }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { ++m.counts.matched; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { ++m.counts.keys; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { ++m.counts.disclosed; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.counts.by_type.clear(); }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { ++*m.counts.last_seq; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { ++m.size; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.root[3] ^= 1; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.schema[3] ^= 1; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.origin += "x"; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) { m.ledger_id[0] ^= 1; }), 1);
  EXPECT_EQ(with([](BundleManifest& m) {
              m.complete = false;
              m.lower.reset();
            }),
            1)
      << "a bundle that claims less holds less";
}

// A query without an end has one that the ledger itself wrote: no older one passes for it.
TEST(VerifyBundle, OpenPeriodEndsAtTheEventThatAskedForIt) {
  MemoryLedger ledger = mixed_ledger();
  const EntryFilter filter = session_query("even");
  const Bytes before = make_bundle(ledger, filter);
  std::vector<Draft> drafts;
  drafts.push_back(event_of(in_session("even"), 99));
  ledger.commit(std::move(drafts));
  const Bytes after = make_bundle(ledger, filter);
  EXPECT_NE(before, after);
  BundleParts parts = take_apart(after);
  const BundleEntries entries = entries_of(parts);
  // Shortened to the first closing event, under the later checkpoint and signature.
  BundleParts old_parts = take_apart(before);
  BundleManifest manifest = parse_manifest(parts.text("manifest.json")).value();
  EXPECT_EQ(manifest.upper, entries.back().first);
  EXPECT_EQ(verify_bytes(before, with_key_of(ledger)).exit_code, 0);
  EXPECT_EQ(verify_bytes(after, with_key_of(ledger)).exit_code, 0);
  BundleEntries cut = entries;
  cut.pop_back();
  BundleParts bad = parts;
  set_entries(bad, ledger, cut);
  const VerifyReport report =
      verify_bytes(put_together(bad, log_key_of(ledger)), with_key_of(ledger));
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(report.first_bad_seq, entries.back().first);
}

TEST(VerifyBundle, EveryChangedByteFails) {
  MemoryLedger ledger;
  ledger.commit(1);
  const Bytes good = make_bundle(ledger, {});
  const VerifyOptions options = with_key_of(ledger);
  ASSERT_EQ(verify_bytes(good, options).exit_code, 0);
  const auto members = tar::read_archive(*byte_source_of(good)).value();
  // These two are long and nothing but their digest is looked at.
  const auto stride_at = [&](std::size_t at) -> std::size_t {
    for (const tar::Member& member : members) {
      const bool inside = at >= member.offset && at + 64 < member.offset + member.size;
      if (inside && (member.name == "catalogue.bfbs" || member.name == "VERIFY.md")) return 61;
    }
    return 1;
  };
  for (std::size_t i = 0; i < good.size(); i += stride_at(i)) {
    Bytes bad = good;
    bad[i] = static_cast<std::uint8_t>(bad[i] ^ (1 << (i % 8)));
    const VerifyReport report = verify_bytes(bad, options);
    ASSERT_EQ(report.exit_code, 1) << "byte " << i << ": " << verdict_text(report);
  }
}

TEST(VerifyBundle, EveryMemberIsNeededInItsPlaceAndOnce) {
  MemoryLedger ledger = mixed_ledger();
  const VerifyOptions options = with_key_of(ledger);
  const BundleParts good = take_apart(make_bundle(ledger, session_query("even")));
  const Signer key = log_key_of(ledger);
  const auto fails = [&](const BundleParts& parts) {
    return verify_bytes(put_together(parts), options).exit_code == 1;
  };
  ASSERT_EQ(verify_bytes(put_together(good), options).exit_code, 0);
  ASSERT_EQ(put_together(good, key), put_together(good)) << "Ed25519 signatures are deterministic";
  for (std::size_t i = 0; i < good.members.size(); ++i) {
    const std::string& name = good.members[i].first;
    BundleParts dropped = good;
    dropped.members.erase(dropped.members.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(fails(dropped)) << name;
    if (name != "manifest.note") {
      EXPECT_EQ(verify_bytes(put_together(dropped, key), options).exit_code, 1) << name;
    }
    BundleParts empty = good;
    empty[name].clear();
    EXPECT_TRUE(fails(empty)) << name;
    BundleParts longer = good;
    longer[name].push_back('\n');
    EXPECT_TRUE(fails(longer)) << name;
    for (std::size_t j = 0; j < i; ++j) {
      BundleParts swapped = good;
      std::swap(swapped.members[i], swapped.members[j]);
      EXPECT_TRUE(fails(swapped)) << name;
      BundleParts exchanged = good;
      std::swap(exchanged.members[i].second, exchanged.members[j].second);
      EXPECT_TRUE(fails(exchanged)) << name;
    }
  }
  BundleParts more = good;
  more.members.emplace_back("notes.txt", Bytes(3, 'x'));
  EXPECT_TRUE(fails(more));
  EXPECT_EQ(verify_bytes(put_together(more, key), options).exit_code, 1);
}

TEST(VerifyBundle, RenderingIsHeldToTheEntries) {
  MemoryLedger ledger = mixed_ledger();
  const BundleParts good = take_apart(make_bundle(ledger, session_query("even")));
  const auto verdict = [&](const std::function<std::string(std::string)>& change) {
    BundleParts bad = good;
    bad["events.jsonl"] = to_bytes(as_bytes(change(bad.text("events.jsonl"))));
    const VerifyReport report =
        verify_bytes(put_together(bad, log_key_of(ledger)), with_key_of(ledger));
    EXPECT_EQ(report.exit_code, 1);
    return verdict_text(report);
  };
  EXPECT_THAT(verdict([](std::string text) { return text + "{}\n"; }),
              testing::HasSubstr("goes on after the last event"));
  EXPECT_THAT(verdict([](std::string text) { return text.substr(0, text.size() / 2); }),
              testing::HasSubstr("rendering: events.jsonl"));
  EXPECT_THAT(verdict([](std::string text) {
                return text.replace(text.find("audit.read"), 10, "audit.rEAD");
              }),
              testing::HasSubstr("does not say what the entry says of event"));
}

// Made by a phantom with other event types: the catalogue is another, and so may the lines be.
TEST(VerifyBundle, AnotherSchemaLeavesTheRenderingUnchecked) {
  MemoryLedger ledger = mixed_ledger();
  BundleParts parts = take_apart(make_bundle(ledger, session_query("even")));
  parts["catalogue.bfbs"].push_back(0);
  BundleManifest manifest = parse_manifest(parts.text("manifest.json")).value();
  manifest.schema = sha256(parts["catalogue.bfbs"]);
  parts["manifest.json"] = to_bytes(as_bytes(manifest_text(manifest)));
  std::string lines = parts.text("events.jsonl");
  lines.replace(lines.find("audit.read"), 10, "audit.newr");
  parts["events.jsonl"] = to_bytes(as_bytes(lines));
  const Signer key = log_key_of(ledger);
  const VerifyReport report = verify_bytes(put_together(parts, key), with_key_of(ledger));
  EXPECT_EQ(verdict_text(report), "verified");
  EXPECT_EQ(check_of(report, "rendering").state, CheckState::kSkipped);
  lines.replace(lines.find("leaf_b64") + 15, 1, "#");
  parts["events.jsonl"] = to_bytes(as_bytes(lines));
  EXPECT_EQ(verify_bytes(put_together(parts, key), with_key_of(ledger)).exit_code, 1);
}

class BundleAnchors : public testing::Test {
 protected:
  MemoryLedger ledger_ = mixed_ledger();
  // Over fewer events than the ledger has.
  Bytes bundle_ = make_bundle(ledger_, parse_query("from=10 to=30").value());
  std::uint64_t size_ = parse_checkpoint(take_apart(bundle_).text("checkpoint"))->checkpoint.size;

  std::uint64_t commit_after(std::uint64_t size) const {
    std::uint64_t found = 0;
    const Status read = snapshot_of(ledger_)->commits(size, [&](const SignedCheckpoint& commit) {
      found = commit.checkpoint.size;
      return false;
    });
    return read.ok() ? found : 0;
  }
  VerifyReport verify_against(const Bytes& bundle, const std::string& note) const {
    VerifyOptions options = with_key_of(ledger_);
    options.anchors = {note};
    return verify_bytes(bundle, options);
  }
  BundleAnchor note_of(const std::string& anchor, std::uint64_t size) const {
    const SignedCheckpoint commit = parse_checkpoint(ledger_.note(size)).value();
    return {{anchor, size, "note"}, to_bytes(as_bytes(outside_checkpoint(commit)->note))};
  }
  BundleAnchor growth(const std::string& anchor, std::uint64_t other, std::uint64_t size) const {
    const auto hashes =
        prove_growth(*snapshot_of(ledger_), std::min(other, size), std::max(other, size));
    return {{anchor, other, "consistency"}, to_bytes(as_bytes(bundle::consistency_text(*hashes)))};
  }
};

TEST_F(BundleAnchors, OfTheSameSizeAgreesOrFails) {
  const VerifyReport report = verify_against(bundle_, ledger_.note(size_));
  EXPECT_EQ(verdict_text(report), "verified");
  EXPECT_EQ(check_of(report, "anchors").state, CheckState::kPass);
  EXPECT_EQ(report.unanchored_events, 0U);
  EXPECT_EQ(report.rung, 5);
  MemoryLedger other(1);
  other.commit(size_ - 1);
  const VerifyReport fork = verify_against(bundle_, other.note(size_));
  EXPECT_EQ(fork.exit_code, 1);
  EXPECT_THAT(check_of(fork, "anchors").reason, testing::HasSubstr("rewritten or forked"));
}

TEST_F(BundleAnchors, OfAnotherSizeIsUndecidedWithoutAProof) {
  const std::uint64_t later = commit_after(size_);
  ASSERT_GT(later, size_);
  EXPECT_EQ(verify_against(bundle_, ledger_.note(later)).exit_code, 3);
  BundleOrder order;
  order.anchors = {growth("w", later, size_), note_of("w", later)};
  const Bytes with_proof = make_bundle(ledger_, parse_query("from=10 to=30").value(), order);
  EXPECT_EQ(verdict_text(verify_against(with_proof, ledger_.note(later))), "verified");
  EXPECT_EQ(verify_bytes(with_proof, with_key_of(ledger_)).exit_code, 0);
}

// The hashes on the way through the bundle give some earlier roots for nothing.
TEST_F(BundleAnchors, OfASizeWithinTheDisclosedEventsIsCompared) {
  EXPECT_EQ(verdict_text(verify_against(bundle_, ledger_.note(18))), "verified");
  MemoryLedger other(1);
  other.commit(17);
  EXPECT_EQ(verify_against(bundle_, other.note(18)).exit_code, 1);
}

TEST_F(BundleAnchors, InsideTheBundleAreHeldToItAndCountForNothing) {
  const std::uint64_t later = commit_after(size_);
  const std::uint64_t earlier = 7;
  BundleOrder order;
  order.anchors = {growth("a", earlier, size_), note_of("a", earlier), growth("b", later, size_),
                   note_of("b", later), BundleAnchor{{"b", later, "tsr"}, Bytes(9, 1)}};
  const EntryFilter filter = parse_query("from=10 to=30").value();
  const VerifyReport report =
      verify_bytes(make_bundle(ledger_, filter, order), with_key_of(ledger_));
  EXPECT_EQ(verdict_text(report), "verified");
  EXPECT_EQ(check_of(report, "anchors").state, CheckState::kSkipped);
  EXPECT_THAT(report.not_checked, testing::Contains("1 receipts of other kinds in the bundle"));

  const auto failing = [&](std::vector<BundleAnchor> anchors) {
    BundleOrder bad;
    bad.anchors = std::move(anchors);
    return verify_bytes(make_bundle(ledger_, filter, bad), with_key_of(ledger_)).exit_code;
  };
  EXPECT_EQ(failing({note_of("a", earlier)}), 1) << "no proof beside it";
  EXPECT_EQ(failing({growth("a", earlier, size_)}), 1) << "a proof of nothing";
  BundleAnchor wrong = growth("a", earlier, size_);
  wrong.bytes[0] = wrong.bytes[0] == 'A' ? 'B' : 'A';
  EXPECT_EQ(failing({wrong, note_of("a", earlier)}), 1);
  MemoryLedger other(1);
  other.commit(size_ - 1);
  BundleAnchor fork{{"a", size_, "note"}, to_bytes(as_bytes(other.note(size_)))};
  EXPECT_EQ(failing({fork}), 1);
}

TEST_F(BundleAnchors, TrustStateCountsAsAnAnchorDoes) {
  VerifyOptions options = with_key_of(ledger_);
  options.trust = ledger_.note(size_);
  EXPECT_EQ(check_of(verify_bytes(bundle_, options), "trust").state, CheckState::kPass);
  options.trust = ledger_.note(commit_after(size_));
  EXPECT_EQ(verify_bytes(bundle_, options).exit_code, 3);
  options.trust = "nonsense";
  EXPECT_EQ(verify_bytes(bundle_, options).exit_code, 3);
  std::string changed = ledger_.note(size_);
  changed[changed.rfind('=') - 4] ^= 1;  // in the epoch key's line
  options.trust = changed;
  EXPECT_NE(verify_bytes(bundle_, options).exit_code, 0);
}

class BundlePolicy : public BundleAnchors {
 protected:
  // The checkpoint over `size` events as a witness has cosigned it, and what ties it to the bundle.
  BundleOrder cosigned(std::uint64_t size, std::uint64_t break_signature_by = 0) const {
    BundleAnchor note = note_of("w", size);
    const std::string text(as_text(note.bytes));
    Cosignature signature = witness_.cosign(1'000, parse_note(text)->text);
    signature.signature[0] ^= static_cast<std::uint8_t>(break_signature_by);
    note.bytes = to_bytes(as_bytes(text + cosignature_line(witness_.key(), signature)));
    BundleOrder order;
    if (size != size_) order.anchors.push_back(growth("w", size, size_));
    order.anchors.push_back(std::move(note));
    return order;
  }
  Bytes bundle_with(const BundleOrder& order) {
    return make_bundle(ledger_, parse_query("from=10 to=30").value(), order);
  }
  VerifyOptions under(const std::string& more) const {
    VerifyOptions options = with_key_of(ledger_);
    const std::string text = "witness w " + witness_.key().text() + "\n" + more;
    options.policy = load_anchor_policy(text, [](const std::string&) -> Result<std::string> {
                       return Error{Code::kNotFound, "no file"};
                     }).value();
    return options;
  }

  SeededRandom random_{7};
  Cosigner witness_ = Cosigner::generate("witness.example/w", random_);
};

TEST_F(BundlePolicy, CosignedReceiptInsideAnchorsIt) {
  const Bytes bundle = bundle_with(cosigned(size_));
  const VerifyReport report = verify_bytes(bundle, under("quorum w\n"));
  EXPECT_EQ(verdict_text(report), "verified") << check_of(report, "anchors").reason;
  EXPECT_EQ(check_of(report, "anchors").state, CheckState::kPass);
  EXPECT_THAT(check_of(report, "anchors").reason, testing::HasSubstr("w " + std::to_string(size_)));
  EXPECT_EQ(report.unanchored_events, 0U);
  // Without the policy nobody vouches for the witness.
  const VerifyReport alone = verify_bytes(bundle, with_key_of(ledger_));
  EXPECT_EQ(verdict_text(alone), "verified");
  EXPECT_EQ(check_of(alone, "anchors").state, CheckState::kSkipped);
  EXPECT_EQ(alone.unanchored_events, size_);

  BundleOrder thin = cosigned(size_);
  thin.disclose = Disclose::kMatching;
  const Bytes matching = bundle_with(thin);
  EXPECT_EQ(verify_bytes(matching, under("quorum w\n")).rung, 4);
  EXPECT_EQ(verify_bytes(matching, with_key_of(ledger_)).rung, 2);
}

TEST_F(BundlePolicy, LaterReceiptThatContinuesTheBundleCoversAllOfIt) {
  const std::uint64_t later = commit_after(size_);
  ASSERT_GT(later, size_);
  const VerifyReport report =
      verify_bytes(bundle_with(cosigned(later)), under("quorum w\nmax-unanchored 1\n"));
  EXPECT_EQ(verdict_text(report), "verified") << check_of(report, "anchors").reason;
  EXPECT_EQ(report.unanchored_events, 0U);
}

TEST_F(BundlePolicy, EarlierReceiptLeavesATailThatThePolicyBounds) {
  const std::uint64_t earlier = 18;
  const Bytes bundle = bundle_with(cosigned(earlier));
  EXPECT_EQ(verify_bytes(bundle, under("quorum w\n")).unanchored_events, size_ - earlier);
  const std::uint64_t tail = size_ - earlier;
  const auto bounded = [&](const std::string& bound) {
    return verify_bytes(bundle, under("quorum w\nmax-unanchored " + bound + "\n"));
  };
  EXPECT_EQ(bounded(std::to_string(tail)).exit_code, 0);
  EXPECT_EQ(bounded(std::to_string(tail - 1)).exit_code, 4);
  EXPECT_EQ(bounded("1h").exit_code, 4) << "the events are years old";
  // What a later copy of our own adds to the log is no tail of the bundle.
  BundleOrder order = cosigned(earlier);
  const std::uint64_t later = commit_after(size_);
  order.anchors.push_back(growth("z", later, size_));
  order.anchors.push_back(note_of("z", later));
  EXPECT_EQ(verify_bytes(bundle_with(order),
                         under("quorum w\nmax-unanchored " + std::to_string(tail) + "\n"))
                .exit_code,
            0);
}

TEST_F(BundlePolicy, MissingReceiptsLeaveTheQuorumOpen) {
  EXPECT_EQ(verify_bytes(bundle_, under("quorum w\n")).exit_code, 3);
  BundleOrder bare;
  bare.anchors = {note_of("w", size_)};
  EXPECT_EQ(verify_bytes(bundle_with(bare), under("quorum w\n")).exit_code, 3)
      << "the log's own signature is no witness's";
  const Bytes cosigned_by_one = bundle_with(cosigned(size_));
  SeededRandom other(8);
  const std::string second =
      "witness x " + Cosigner::generate("witness.example/x", other).key().text() + "\n";
  EXPECT_EQ(
      verify_bytes(cosigned_by_one, under(second + "group both all w x\nquorum both\n")).exit_code,
      3);
}

TEST_F(BundlePolicy, TimeStampIsUndecidedWhereNothingChecksIt) {
  BundleOrder order;
  order.anchors = {note_of("t", size_), BundleAnchor{{"t", size_, "tsr"}, Bytes(9, 1)}};
  VerifyOptions options = with_key_of(ledger_);
  options.policy =
      load_anchor_policy("anchor t tsa manual ca ca.pem\nquorum t\n",
                         [](const std::string&) -> Result<std::string> { return std::string("-"); })
          .value();
  const VerifyReport report = verify_bytes(bundle_with(order), options);
  EXPECT_EQ(report.exit_code, 3);
  EXPECT_THAT(check_of(report, "anchors").reason, testing::HasSubstr("does not check"));
}

TEST_F(BundlePolicy, WrongCosignatureFails) {
  const Bytes bundle = bundle_with(cosigned(size_, 1));
  const VerifyReport report = verify_bytes(bundle, under("quorum w\n"));
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_THAT(check_of(report, "anchors").reason, testing::HasSubstr("does not verify"));
  EXPECT_EQ(verify_bytes(bundle, with_key_of(ledger_)).exit_code, 0) << "of a key nobody knows";
}

TEST(BundleManifestText, HasOneForm) {
  MemoryLedger ledger = mixed_ledger();
  BundleParts parts = take_apart(make_bundle(ledger, session_query("even")));
  const std::string text = parts.text("manifest.json");
  ASSERT_TRUE(parse_manifest(text).ok());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string bad = text;
    bad.erase(i, 1);
    const auto parsed = parse_manifest(bad);
    if (parsed.ok()) {
      EXPECT_EQ(manifest_text(*parsed), bad);
    }
    EXPECT_FALSE(parse_manifest(text.substr(0, i)).ok());
  }
  BundleManifest odd = parse_manifest(text).value();
  odd.query = "actor=\"\\quoted";
  EXPECT_EQ(parse_manifest(manifest_text(odd)).value(), odd);
}

}  // namespace
}  // namespace phantom::test
