#include "events/envelope.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "events/limits.h"
#include "events/sha256.h"
#include "events/tags.h"
#include "tests/support/sample_drafts.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

Sequencing sequencing_for(const Draft& draft, Seq seq) {
  Sequencing sequencing;
  sequencing.seq = seq;
  sequencing.time_ns = 1'767'323'045'678'901'999;
  for (std::size_t i = 0; i < draft.tags.size(); ++i) {
    sequencing.tag_links.push_back({.prev_seq = i == 0 ? 0 : seq - 1, .count = i + 1});
  }
  return sequencing;
}

Bytes sample_entry(Seq seq) {
  Draft draft = sample_draft(event_no<schema::VaultChangeRequested>(), seq, "text");
  draft.sealed.push_back({"argv", "s_1", Bytes(24, 1), Bytes(40, 2)});
  draft.cause_seq = 3;
  draft.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  Sequencing sequencing = sequencing_for(draft, seq);
  sequencing.peer = Peer{.uid = 1000, .pid = 4242};
  auto bytes = encode_entry(draft, sequencing);
  PH_CHECK(bytes.ok(), "the sample encodes");
  return *std::move(bytes);
}

TEST(Entry, KeepsEveryFieldOfDraftAndSequencing) {
  const Bytes bytes = sample_entry(77);
  const auto parsed = parse_entry(bytes);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  const schema::Entry& entry = **parsed;
  EXPECT_EQ(entry.format(), kEntryFormat);
  EXPECT_EQ(entry.seq(), 77U);
  EXPECT_EQ(entry.type(), event_no<schema::VaultChangeRequested>());
  EXPECT_EQ(entry.time_ns(), 1'767'323'045'678'901'999);
  EXPECT_EQ(entry.occurred_ns(), 1'767'323'045'678'901'234);
  EXPECT_EQ(entry.mono_ns(), 5'000'000'000);
  EXPECT_EQ(entry.boot_id()->str(), "00000000-0000-4000-8000-00000000b007");
  EXPECT_EQ(entry.component()->str(), "cli");
  EXPECT_EQ(entry.version()->str(), "0.1.0");
  EXPECT_EQ(entry.actor_kind(), ActorKind::Human);
  EXPECT_EQ(entry.actor_id()->str(), "s_00112233");
  EXPECT_EQ(entry.agent_tool(), nullptr);
  EXPECT_EQ(entry.session()->str(), "0123456789abcdef");
  EXPECT_EQ(entry.project()->str(), "fedcba9876543210");
  EXPECT_EQ(entry.cause_seq(), flatbuffers::Optional<std::uint64_t>(3));
  EXPECT_EQ(entry.peer_uid(), flatbuffers::Optional<std::uint32_t>(1000));
  EXPECT_EQ(entry.peer_pid(), flatbuffers::Optional<std::uint32_t>(4242));
  EXPECT_EQ(entry.outcome(), Outcome::Ok);
  EXPECT_EQ(entry.reason(), Reason::None);
  ASSERT_EQ(entry.tags()->size(), 3U);
  EXPECT_EQ(entry.tags()->Get(2)->name()->str(), "session:0123456789abcdef");
  EXPECT_EQ(entry.tags()->Get(2)->prev_seq(), 76U);
  EXPECT_EQ(entry.tags()->Get(2)->count(), 3U);
  ASSERT_EQ(entry.sealed()->size(), 1U);
  EXPECT_EQ(entry.sealed()->Get(0)->ciphertext()->size(), 40U);
  EXPECT_EQ(event_id_of(entry), sample_draft(entry.type(), 77, "text").id);
  const Bytes payload(entry.payload()->begin(), entry.payload()->end());
  EXPECT_TRUE(check_payload(entry.type(), payload).ok());
}

TEST(Entry, TheSameInputGivesTheSameBytes) { EXPECT_EQ(sample_entry(9), sample_entry(9)); }

TEST(Entry, WithoutAPeerHasNone) {
  const Draft draft = sample_session_started(1);
  const auto bytes = encode_entry(draft, sequencing_for(draft, 1));
  ASSERT_TRUE(bytes.ok());
  const auto entry = parse_entry(*bytes);
  ASSERT_TRUE(entry.ok());
  EXPECT_FALSE((*entry)->peer_uid().has_value());
  EXPECT_FALSE((*entry)->cause_seq().has_value());
}

TEST(Entry, LeafHashIsThatOfRfc6962) {
  Bytes prefixed{0};
  const Bytes bytes = sample_entry(5);
  prefixed.insert(prefixed.end(), bytes.begin(), bytes.end());
  EXPECT_EQ(leaf_hash(bytes), sha256(prefixed));
}

TEST(Entry, RefusesBytesAfterTheEnd) {
  for (std::size_t extra = 1; extra <= 16; ++extra) {
    Bytes bytes = sample_entry(5);
    bytes.resize(bytes.size() + extra, 0);
    const auto parsed = parse_entry(bytes);
    ASSERT_FALSE(parsed.ok()) << extra;
    EXPECT_EQ(parsed.error().code, Code::kCorrupt);
  }
}

TEST(Entry, RefusesEveryTruncation) {
  const Bytes whole = sample_entry(5);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto parsed = parse_entry(part);
    ASSERT_FALSE(parsed.ok()) << size;
    EXPECT_EQ(parsed.error().code, Code::kCorrupt) << size;
  }
}

// Whatever still parses is another leaf, so the tree notices it; and reading it is safe.
TEST(Entry, EveryFlippedBitIsRefusedOrChangesTheLeaf) {
  const Bytes good = sample_entry(5);
  const Digest good_leaf = leaf_hash(good);
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << bit % 8));
    ASSERT_NE(leaf_hash(bad), good_leaf);
    const auto parsed = parse_entry(bad);
    if (!parsed.ok()) {
      ++refused;
      continue;
    }
    const Bytes payload((*parsed)->payload()->begin(), (*parsed)->payload()->end());
    (void)check_payload((*parsed)->type(), payload);
  }
  EXPECT_GT(refused, 100U);
}

TEST(Entry, RandomBytesAreRefused) {
  SeededRandom random(6);
  for (int round = 0; round < 2'000; ++round) {
    Bytes bytes(random.below(300));
    random.fill(bytes);
    EXPECT_FALSE(parse_entry(bytes).ok());
    EXPECT_FALSE(parse_draft(bytes).ok());
  }
}

TEST(Entry, ADraftIsNoEntryAndAnEntryNoDraft) {
  EXPECT_FALSE(parse_entry(encode_draft(sample_session_started(1))).ok());
  EXPECT_FALSE(parse_draft(sample_entry(1)).ok());
}

TEST(Entry, NewerFormatIsUnsupportedNotCorrupt) {
  Bytes bytes = sample_entry(5);
  auto* entry = flatbuffers::GetMutableSizePrefixedRoot<schema::Entry>(bytes.data());
  auto* table = reinterpret_cast<flatbuffers::Table*>(entry);
  ASSERT_TRUE(table->SetField<std::uint16_t>(schema::Entry::VT_FORMAT, kEntryFormat + 1, 0));
  const auto parsed = parse_entry(bytes);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, Code::kUnsupported);
}

TEST(Entry, LargestPayloadFitsAndOneLargerIsLimit) {
  Draft draft = sample_session_started(1);
  draft.payload.resize(kDraftBytesMax);
  EXPECT_TRUE(encode_entry(draft, sequencing_for(draft, 1)).ok());
  draft.payload.resize(kEntryBytesMax);
  const auto bytes = encode_entry(draft, sequencing_for(draft, 1));
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, Code::kLimit);
}

// A draft as large as one may be, with `tags` tags of 60 bytes.
Draft largest_draft(std::size_t tags) {
  Draft draft = sample_session_started(1);
  draft.context.session.clear();
  draft.context.project.clear();
  draft.context.actor_id.clear();
  draft.tags.clear();
  for (std::size_t i = 0; i < tags; ++i) {
    std::string tag = "t:" + std::to_string(i);
    tag.append(60 - tag.size(), 'x');
    draft.tags.push_back(tag);
  }
  draft.payload.resize(draft.payload.size() + kDraftBytesMax - encode_draft(draft).size() - 8);
  return draft;
}

// The room between the two limits is what the writer adds.
TEST(Entry, TheLargestDraftWithTheMostTagsFits) {
  for (const std::size_t tags : {std::size_t{0}, std::size_t{128}, kTagsMax}) {
    const Draft draft = largest_draft(tags);
    ASSERT_TRUE(parse_draft(encode_draft(draft)).ok()) << tags;
    Sequencing sequencing = sequencing_for(draft, 1'000'000);
    sequencing.peer = Peer{.uid = 1, .pid = 2};
    const auto entry = encode_entry(draft, sequencing);
    ASSERT_TRUE(entry.ok()) << tags;
    EXPECT_TRUE(parse_entry(*entry).ok()) << tags;
  }
}

TEST(DraftBytes, MustBeFiledUnderWhatTheyName) {
  const Draft good = sample_draft(event_no<schema::SecretOpened>(), 12, "API_KEY");
  ASSERT_TRUE(check_draft(good).ok());
  for (std::size_t i = 0; i < good.tags.size(); ++i) {
    Draft bad = good;
    bad.tags.erase(bad.tags.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(check_draft(bad).ok()) << good.tags[i];
    bad.tags.push_back(good.tags[i] + "x");
    EXPECT_FALSE(check_draft(bad).ok()) << good.tags[i];
    EXPECT_FALSE(parse_draft(encode_draft(bad)).ok()) << good.tags[i];
  }
}

TEST(DraftBytes, KeepEveryField) {
  Draft draft = sample_draft(event_no<schema::SecretOpened>(), 12, "API_KEY");
  draft.cause_seq = 8;
  draft.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  draft.outcome = Outcome::Denied;
  draft.reason = Reason::BadToken;
  draft.conditions = {{"vault:p1", 17}, {"vault:p2", std::nullopt}, {"vault:p3", 0}};
  draft.sealed.push_back({"argv", "s_1", Bytes(24, 1), Bytes(40, 2)});
  const auto parsed = parse_draft(encode_draft(draft));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->id, draft.id);
  EXPECT_EQ(parsed->type, draft.type);
  EXPECT_EQ(parsed->occurred_ns, draft.occurred_ns);
  EXPECT_EQ(parsed->mono_ns, draft.mono_ns);
  EXPECT_EQ(parsed->boot_id, draft.boot_id);
  EXPECT_EQ(parsed->context.component, draft.context.component);
  EXPECT_EQ(parsed->context.actor_kind, draft.context.actor_kind);
  EXPECT_EQ(parsed->context.actor_id, draft.context.actor_id);
  EXPECT_EQ(parsed->context.session, draft.context.session);
  EXPECT_EQ(parsed->context.project, draft.context.project);
  EXPECT_EQ(parsed->cause_seq, draft.cause_seq);
  EXPECT_EQ(parsed->traceparent, draft.traceparent);
  EXPECT_EQ(parsed->outcome, draft.outcome);
  EXPECT_EQ(parsed->reason, draft.reason);
  EXPECT_EQ(parsed->tags, draft.tags);
  ASSERT_EQ(parsed->conditions.size(), 3U);
  EXPECT_EQ(parsed->conditions[0].last_seq, std::optional<Seq>(17));
  EXPECT_EQ(parsed->conditions[1].last_seq, std::nullopt);
  EXPECT_EQ(parsed->conditions[2].last_seq, std::optional<Seq>(0));
  EXPECT_EQ(parsed->payload, draft.payload);
  ASSERT_EQ(parsed->sealed.size(), 1U);
  EXPECT_EQ(parsed->sealed[0].nonce, draft.sealed[0].nonce);
}

TEST(DraftBytes, RefusesWhatTheWriterMustNotMeet) {
  const auto code_of = [](const Draft& draft) {
    const auto parsed = parse_draft(encode_draft(draft));
    return parsed.ok() ? "ok" : code_name(parsed.error().code);
  };
  const std::string invalid = code_name(Code::kInvalid);
  const Draft good = sample_session_started(1);
  EXPECT_STREQ(code_of(good), "ok");

  Draft bad = good;
  bad.tags.push_back(bad.tags.front());
  EXPECT_EQ(code_of(bad), invalid) << "duplicate tag";
  bad = good;
  bad.tags.emplace_back("no-colon");
  EXPECT_EQ(code_of(bad), invalid) << "bad tag";
  bad = good;
  bad.conditions.push_back({"\x1b[2J", std::nullopt});
  EXPECT_EQ(code_of(bad), invalid) << "bad tag in a condition";
  bad = good;
  bad.type = 0;
  EXPECT_EQ(code_of(bad), invalid) << "no type";
  bad = good;
  bad.payload.clear();
  EXPECT_EQ(code_of(bad), invalid) << "no payload";
  bad = good;
  bad.payload.resize(kDraftBytesMax);
  EXPECT_EQ(code_of(bad), invalid) << "too long";
  bad = good;
  for (std::size_t i = 0; i <= kTagsMax; ++i) bad.tags.push_back("t:" + std::to_string(i));
  EXPECT_EQ(code_of(bad), invalid) << "too many tags";
}

TEST(DraftBytes, PlainTextThatShouldBeSealedNeverLeaves) {
  Draft draft = sample_session_started(1);
  draft.to_seal.push_back({"argv", "curl"});
  EXPECT_FALSE(check_draft(draft).ok());
}

TEST(DraftBytes, BytesAfterTheEndAreRefused) {
  Bytes bytes = encode_draft(sample_session_started(1));
  bytes.push_back(0);
  EXPECT_FALSE(parse_draft(bytes).ok());
}

// Each of these would be committed, and the ledger would never verify again.
TEST(DraftBytes, RefusesWhatWouldFailEveryVerification) {
  const auto refused = [](const Draft& draft) { return !parse_draft(encode_draft(draft)).ok(); };
  const Draft good = sample_session_started(1);
  ASSERT_FALSE(refused(good));
  Draft bad = good;
  bad.payload = sample_draft(event_no<schema::ConfigAccepted>(), 1, "text").payload;
  EXPECT_TRUE(refused(bad)) << "payload of another type";
  bad = good;
  bad.payload = Bytes(200, 0xff);
  EXPECT_TRUE(refused(bad)) << "payload that is no table";
  Draft unknown = good;
  unknown.type = 64'999;
  EXPECT_FALSE(refused(unknown)) << "a type of a newer phantom";
  unknown.payload.resize(4);
  EXPECT_TRUE(refused(unknown)) << "no payload of any type";
}

TEST(DraftBytes, SealedFieldsHaveTheirSizeAndStandOnce) {
  Draft good = sample_session_started(1);
  good.sealed.push_back({"argv", "s_1", Bytes(24, 1), Bytes(16 + kSealedPlainBytesMax, 2)});
  EXPECT_TRUE(check_draft(good).ok());
  Draft bad = good;
  bad.sealed.push_back(bad.sealed.front());
  EXPECT_FALSE(check_draft(bad).ok()) << "twice";
  bad = good;
  bad.sealed.front().nonce.pop_back();
  EXPECT_FALSE(check_draft(bad).ok()) << "nonce";
  bad = good;
  bad.sealed.front().ciphertext.push_back(0);
  EXPECT_FALSE(check_draft(bad).ok()) << "too long";
  bad = good;
  bad.sealed.front().ciphertext.resize(15);
  EXPECT_FALSE(check_draft(bad).ok()) << "too short";
}

// Many fields that are one and the same piece of the buffer: 40 MB out of 50 KB.
TEST(Entry, PartsThatOverlapAreRefused) {
  for (const std::size_t copies : {1U, 1'000U}) {
    flatbuffers::FlatBufferBuilder builder;
    const auto field = schema::CreateSealedField(
        builder, builder.CreateString("argv"), builder.CreateString("s_1"),
        builder.CreateVector(Bytes(24, 1)), builder.CreateVector(Bytes(40'000, 2)));
    const std::vector<flatbuffers::Offset<schema::SealedField>> fields(copies, field);
    const auto sealed = builder.CreateVector(fields);
    const auto payload = builder.CreateVector(sample_session_started(1).payload);
    const schema::Id16 id;
    schema::EntryBuilder entry(builder);
    entry.add_format(kEntryFormat);
    entry.add_event_id(&id);
    entry.add_payload(payload);
    entry.add_sealed(sealed);
    builder.FinishSizePrefixed(entry.Finish(), "PHEN");
    const Bytes bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
    EXPECT_EQ(parse_entry(bytes).ok(), copies == 1) << copies;
  }
}

}  // namespace
}  // namespace phantom
