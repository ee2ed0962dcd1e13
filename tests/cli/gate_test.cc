#include "cli/gate.h"

#include "events/envelope.h"
#include "tests/support/sample_drafts.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace phantom {
namespace {

struct Happened {
  std::string type;
  Outcome outcome = Outcome::Ok;
  std::optional<Seq> cause = std::nullopt;
  std::string session = "s1";
};

// A log of these events, and a gate that has taken all of it.
std::vector<GateFinding> gated(const GatePolicy& policy, const std::vector<Happened>& log) {
  std::vector<Bytes> entries;
  for (const Happened& each : log) {
    Draft draft = sample_draft(find_event(each.type)->no, 7, "KEY");
    draft.outcome = each.outcome;
    draft.cause_seq = each.cause;
    draft.context.session = each.session;
    Sequencing sequencing{.seq = entries.size(),
                          .tag_links = std::vector<Sequencing::TagLink>(draft.tags.size())};
    auto bytes = encode_entry(draft, sequencing);
    PH_CHECK(bytes.ok(), "the sample encodes");
    entries.push_back(*std::move(bytes));
  }
  Gate gate(policy, [&](Seq seq) -> Result<Bytes> { return entries.at(seq); });
  for (const Bytes& bytes : entries) {
    const Status taken = gate.take(**parse_entry(bytes));
    PH_CHECK(taken.ok(), "the causes can be read");
  }
  return gate.findings();
}

// The numbers that a policy of one rule does not like; none when the rule holds.
std::vector<Seq> disliked(const std::string& toml, const std::vector<Happened>& log) {
  const auto policy = parse_gate_policy(toml);
  PH_CHECK(policy.ok(), policy.ok() ? "" : policy.error().message.c_str());
  const auto findings = gated(*policy, log);
  PH_CHECK(findings.size() == 1, "one rule");
  return findings[0].broken ? findings[0].seqs : std::vector<Seq>{};
}

using Seqs = std::vector<Seq>;

TEST(Gate, DeniesByExposure) {
  const std::vector<Happened> log = {{"secret.opened"},
                                     {"proxy.request.requested"},
                                     {"secret.reveal.completed"},
                                     {"secret.reveal.completed", Outcome::Denied}};
  EXPECT_EQ(disliked("[[deny]]\nname='a'\nexposure='> injected'", log), Seqs{2});
  EXPECT_EQ(disliked("[[deny]]\nname='a'\nexposure='>= injected'", log), (Seqs{1, 2}));
  EXPECT_EQ(disliked("[[deny]]\nname='a'\nexposure='>= metadata'", log), (Seqs{0, 1, 2}));
  EXPECT_EQ(disliked("[[deny]]\nname='a'\nexposure='> echoed'", log), Seqs{});
  EXPECT_EQ(disliked("[[deny]]\nname='a'\nexposure='> none'\ntype='proxy.*'", log), Seqs{1});
}

TEST(Gate, DeniesByTypeAndByQueryAboveAMaximum) {
  const std::vector<Happened> log = {{"proxy.request.denied", Outcome::Denied},
                                     {"proxy.request.denied", Outcome::Denied},
                                     {"session.ended", Outcome::Ok}};
  EXPECT_EQ(disliked("[[deny]]\nname='a'\ntype='proxy.request.denied'", log), (Seqs{0, 1}));
  EXPECT_EQ(disliked("[[deny]]\nname='a'\ntype='proxy.request.denied'\nmax=1", log), (Seqs{0, 1}));
  EXPECT_EQ(disliked("[[deny]]\nname='a'\ntype='proxy.request.denied'\nmax=2", log), Seqs{});
  EXPECT_EQ(disliked("[[deny]]\nname='a'\nquery='outcome=denied'", log), (Seqs{0, 1}));
  EXPECT_EQ(disliked("[[deny]]\nname='a'\nquery='type=session.ended outcome=ok'", log), Seqs{2});
}

TEST(Gate, RequiresACauseAnywhereInTheChain) {
  const std::string rule =
      "[[require]]\nname='a'\ntype='secret.reveal.completed'\ncaused_by='session.*'";
  EXPECT_EQ(disliked(rule, {{"session.started"},
                            {"secret.reveal.requested", Outcome::Ok, 0},
                            {"secret.reveal.completed", Outcome::Ok, 1}}),
            Seqs{});
  EXPECT_EQ(disliked(rule, {{"session.started"},
                            {"secret.reveal.requested"},
                            {"secret.reveal.completed", Outcome::Ok, 1}}),
            Seqs{2});
  EXPECT_EQ(disliked(rule, {{"secret.reveal.completed"}}), Seqs{0});
}

TEST(Gate, ACauseThatWasRefusedOrIsNotEarlierIsNone) {
  const std::string rule =
      "[[require]]\nname='a'\ntype='secret.reveal.completed'\ncaused_by='session.*'";
  EXPECT_EQ(disliked(rule, {{"session.started", Outcome::Denied},
                            {"secret.reveal.completed", Outcome::Ok, 0}}),
            Seqs{1});
  EXPECT_EQ(disliked(rule, {{"secret.reveal.completed", Outcome::Ok, 0}}), Seqs{0});
}

TEST(Gate, ACauseThatWasRemovedLeavesARuleUndecided) {
  const auto policy = parse_gate_policy(
      "[[require]]\nname='a'\ntype='secret.reveal.completed'\ncaused_by='approval.*'");
  ASSERT_TRUE(policy.ok());
  const auto entry_of = [](Seq seq, Seq cause) {
    Draft draft = sample_draft(find_event("secret.reveal.completed")->no, 7, "KEY");
    draft.cause_seq = cause;
    return *encode_entry(
        draft, {.seq = seq, .tag_links = std::vector<Sequencing::TagLink>(draft.tags.size())});
  };
  Gate gate(*policy, [](Seq) -> Result<Bytes> { return Error(Code::kNotFound, "removed"); });
  const Bytes first = entry_of(300, 9);
  ASSERT_TRUE(gate.take(**parse_entry(first)).ok());
  GateFinding found = gate.findings()[0];
  EXPECT_FALSE(found.broken);
  EXPECT_TRUE(found.undecided);
  EXPECT_EQ(gate_finding_text(policy->rules[0], found),
            "the cause of 1 event was removed: seq 300");

  // One that has no cause for certain decides it.
  const Bytes second = entry_of(301, 301);
  ASSERT_TRUE(gate.take(**parse_entry(second)).ok());
  found = gate.findings()[0];
  EXPECT_TRUE(found.broken);
  EXPECT_FALSE(found.undecided);
  EXPECT_EQ(found.seqs, Seqs{301});
}

TEST(Gate, AnyOtherErrorOfALookupIsOne) {
  const auto policy =
      parse_gate_policy("[[require]]\nname='a'\ntype='secret.*'\ncaused_by='approval.*'");
  ASSERT_TRUE(policy.ok());
  Draft draft = sample_draft(find_event("secret.reveal.completed")->no, 7, "KEY");
  draft.cause_seq = 1;
  const auto bytes = encode_entry(
      draft, {.seq = 2, .tag_links = std::vector<Sequencing::TagLink>(draft.tags.size())});
  ASSERT_TRUE(bytes.ok());
  Gate gate(*policy, [](Seq) -> Result<Bytes> { return Error(Code::kCorrupt, "no row"); });
  EXPECT_FALSE(gate.take(**parse_entry(*bytes)).ok());
}

TEST(Gate, ARuleMayWaitForATypeThatIsStillToCome) {
  EXPECT_EQ(disliked("[[require]]\nname='a'\ntype='secret.reveal.*'\ncaused_by='approval.*'",
                     {{"secret.reveal.requested"}}),
            Seqs{0});
}

TEST(Gate, LimitsOpenSessions) {
  const std::vector<Happened> log = {{"session.started"},
                                     {"session.started", Outcome::Ok, {}, "s2"},
                                     {"session.ended"},
                                     {"session.ended", Outcome::Ok, {}, "s3"}};
  EXPECT_EQ(disliked("[[limit]]\nname='a'\nopen_sessions=0", log), Seqs{1});
  EXPECT_EQ(disliked("[[limit]]\nname='a'\nopen_sessions=1", log), Seqs{});
}

TEST(Gate, NamesTheFirstTenEventsAndCountsTheRest) {
  const auto policy =
      parse_gate_policy("[[deny]]\nname='a'\ntype='session.ended'\nmessage='Why it matters.'");
  const auto findings = gated(*policy, std::vector<Happened>(47, {"session.ended"}));
  EXPECT_EQ(findings[0].count, 47U);
  EXPECT_EQ(gate_finding_text(policy->rules[0], findings[0]),
            "47 events: seq 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 37 more. Why it matters.");
}

TEST(GateFile, TheExampleParses) {
  const auto text =
      read_text(std::filesystem::path(PHANTOM_TEST_SOURCE_DIR) / "docs/ci/gates.toml");
  const auto policy = parse_gate_policy(text);
  ASSERT_TRUE(policy.ok()) << policy.error().message;
  EXPECT_EQ(policy->rules.size(), 5U);
}

TEST(GateFile, WhatIsNotUnderstoodIsRefused) {
  struct Case {
    std::string text;
    std::string says;
  };
  const Case cases[] = {
      {"", "no rule stands in it"},
      {"[[deny", "line 1: "},
      {"[[allow]]\nname='a'", "line 1: \"allow\" is none of deny, require and limit"},
      {"deny = 3", "line 1: write [[deny]], a rule each"},
      {"deny = [3]", "line 1: a rule is a table"},
      {"[[deny]]\nname='a'", "says no \"type\""},
      {"[[deny]]\ntype='proxy.*'", "the rule has no name"},
      {"[[deny]]\nname='A b'\ntype='proxy.*'", "line 2: a name is"},
      {"[[deny]]\nname='a'\ntype='proxy.*'\nseverity='x'",
       "line 4: \"severity\" is not a known key"},
      {"[[deny]]\nname='a'\ntype='proxi.*'", "line 3: no event is of type proxi.*"},
      {"[[deny]]\nname='a'\nquery='nonsense'", "line 3: "},
      {"[[deny]]\nname='a'\nquery='outcome=ok type=proxy.*'", "line 3: "},  // not canonical
      {"[[deny]]\nname='a'\nquery='outcome=ok'\ntype='proxy.*'", "says the type itself"},
      {"[[deny]]\nname='a'\nexposure='injected'", "line 3: \"exposure\" is"},
      {"[[deny]]\nname='a'\nexposure='> leaked'", "line 3: \"exposure\" is"},
      {"[[deny]]\nname='a'\nexposure='>= none'", "line 3: \"exposure\" is"},
      {"[[deny]]\nname='a'\ntype='proxy.*'\nmax=-1", "line 4: \"max\" is a number"},
      {"[[deny]]\nname='a'\ntype='proxy.*'\nmax='1'", "line 4: \"max\" is a number"},
      {"[[deny]]\nname='a'\ntype='proxy.*'\ncaused_by='x'", "not a known key of [[deny]]"},
      {"[[require]]\nname='a'\ntype='proxy.*'", "says no \"caused_by\""},
      {"[[require]]\nname='a'\ntype='proxy.*'\ncaused_by='*'", "is no type of event"},
      {"[[limit]]\nname='a'", "says no \"open_sessions\""},
      {"[[limit]]\nname='a'\nopen_sessions=0\nmax=1", "not a known key of [[limit]]"},
      {"[[limit]]\nname='a'\nopen_sessions=0\n[[limit]]\nname='a'\nopen_sessions=0",
       "a second rule of the name a"},
      {std::string(300'000, '#'), "larger than 256 KiB"},
      {"x = " + std::string(5'000, '.'), "dots"},
  };
  for (const Case& each : cases) {
    const auto policy = parse_gate_policy(each.text);
    ASSERT_FALSE(policy.ok()) << each.text;
    EXPECT_NE(policy.error().message.find(each.says), std::string::npos) << each.text << "\n"
                                                                         << policy.error().message;
  }
}

}  // namespace
}  // namespace phantom
