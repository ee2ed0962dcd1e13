#include "ledger/anchor_policy.h"

#include "ledger/signer.h"
#include "tests/support/seeded_random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phantom {
namespace {

std::string log_key(std::uint64_t seed, const std::string& name = "phantom.local/log") {
  SeededRandom random(seed);
  return Signer::generate(name, random).verifier_key().text();
}

std::string witness_key(std::uint64_t seed) {
  SeededRandom random(seed);
  return Cosigner::generate("w" + std::to_string(seed), random).key().text();
}

std::string error_of(const std::string& text) {
  const auto policy = parse_anchor_policy(text);
  return policy.ok() ? "" : policy.error().message;
}

TEST(AnchorPolicy, ReadsEveryKindOfLine) {
  const auto policy = parse_anchor_policy(
      "# who keeps our checkpoints\n"
      "\n"
      "log " +
      log_key(1) +
      " https://log.example/\n"
      "witness w1 " +
      witness_key(2) +
      " https://w1.example\n"
      "  # an indented comment\n"
      "witness\tw2\t" +
      witness_key(3) +
      "\n"
      "anchor ci git /srv/repo ref refs/heads/anchors tag\n"
      "anchor disk directory /mnt/worm\n"
      "anchor tsa1 tsa https://tsa.example/ ca tsa.pem\n"
      "anchor slow tsa manual ca /etc/tsa.pem\n"
      "anchor bucket put https://s3.example/b/ header env PUT_HEADER\n"
      "anchor mate peer " +
      log_key(4, "phantom.local/mate") +
      " /srv/mate\n"
      "group both all w1 w2\n"
      "group outer 2 both ci tsa1\n"
      "quorum outer\n"
      "max-unanchored 1h\n"
      "max-unanchored 1000\n"
      "interval 10m\n"
      "on-failure warn\n");
  ASSERT_TRUE(policy.ok()) << policy.error().message;
  EXPECT_EQ(policy->logs.at(0).url, "https://log.example/");
  ASSERT_EQ(policy->anchors.size(), 8U);
  EXPECT_EQ(policy->anchors[0].place, "https://w1.example");
  EXPECT_EQ(policy->anchors[1].place, "");
  EXPECT_EQ(policy->anchors[1].witness->text(), witness_key(3));
  EXPECT_TRUE(policy->anchors[2].tag);
  EXPECT_EQ(policy->anchors[2].ref, "refs/heads/anchors");
  EXPECT_EQ(policy->anchors[5].place, "manual");
  EXPECT_EQ(policy->anchors[6].header_name, "PUT_HEADER");
  EXPECT_EQ(policy->anchors[7].peer->text(), log_key(4, "phantom.local/mate"));
  EXPECT_EQ(policy->groups.at(0).needed, 2U);
  EXPECT_EQ(policy->quorum, "outer");
  EXPECT_EQ(policy->unanchored_ns_max, 3'600'000'000'000);
  EXPECT_EQ(policy->unanchored_events_max, 1'000U);
  EXPECT_EQ(policy->interval_ns, 600'000'000'000);
}

TEST(AnchorPolicy, RefusesWhatItDoesNotMean) {
  const std::string w = "witness w1 " + witness_key(2) + "\n";
  const struct {
    std::string text;
    const char* said;
  } rows[] = {
      {"", "no quorum line"},
      {"quorum none\nquorum none\n", "two quorum lines"},
      {"quorum w1\n" + w, "line 1: nothing above is called"},
      {w + w + "quorum none\n", "two things are called"},
      {w + "witness w2 " + witness_key(2) + "\nquorum none\n", "the same public key stands twice"},
      {"log " + log_key(1) + "\nlog " + log_key(1) + "\nquorum none\n", "same public key"},
      {"witness w1 " + log_key(1) + "\nquorum none\n", "line 1"},
      {w + "group g 2 w1\nquorum g\n", "a number from 1"},
      {w + "group g 0 w1\nquorum g\n", "a number from 1"},
      {w + "group g any w1 w1\nquorum g\n", "member of two groups"},
      {w + "group g any w1\ngroup h any w1\nquorum g\n", "member of two groups"},
      {w + "group g any g\nquorum g\n", "nothing above"},
      {w + "group w1 any w1\nquorum w1\n", "two things"},
      {"witness none " + witness_key(2) + "\nquorum none\n", "not \"none\""},
      {"anchor a pigeon coop\nquorum none\n", "no kind of anchor"},
      {"anchor a directory\nquorum none\n", "directory PATH"},
      {"anchor a git\nquorum none\n", "git REPOSITORY"},
      {"anchor a git r ref main\nquorum none\n", "starts with refs/"},
      {"anchor a tsa https://t\nquorum none\n", "tsa URL|manual ca FILE"},
      {"anchor a put u header arg X\nquorum none\n", "header file|env"},
      {"anchor a peer x /p\nquorum none\n", "line 1"},
      {"quorum none # really\n", "quorum NAME|none"},
      {"quorum none\nmax-unanchored 1h\nmax-unanchored 2h\n", "stands twice"},
      {"quorum none\nmax-unanchored soon\n", "a bound is"},
      {"quorum none\ninterval 0s\n", "an interval"},
      {"quorum none\non-failure block\n", "on-failure warn"},
      {"quorum none\nrequire any\n", "no line that starts with"},
      {"quorum none\r\n", "control character"},
      {"QUORUM none\n", "no line that starts with"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(error_of(row.text), testing::HasSubstr(row.said)) << row.text;
  }
}

TEST(AnchorPolicy, QuorumCoversWhatEnoughMembersCover) {
  const std::string text =
      "anchor a directory /a\nanchor b directory /b\nanchor c directory /c\n"
      "anchor d directory /d\n";
  const struct {
    const char* rules;
    std::uint64_t a, b, c, d;
    std::uint64_t covered;
  } rows[] = {
      {"quorum none", 0, 0, 0, 0, 0},
      {"quorum none", 5, 9, 0, 0, 9},
      {"quorum a", 5, 9, 0, 0, 5},
      {"quorum a", 0, 9, 9, 9, 0},
      {"group g any a b\nquorum g", 0, 9, 0, 0, 9},
      {"group g all a b\nquorum g", 5, 9, 0, 0, 5},
      {"group g all a b\nquorum g", 0, 9, 0, 0, 0},
      {"group g 2 a b c\nquorum g", 5, 9, 7, 0, 7},
      {"group g 2 a b c\nquorum g", 0, 9, 0, 0, 0},
      {"group g any a b\ngroup h all g c\nquorum h", 3, 9, 7, 0, 7},
      {"group g any a b\ngroup h 2 g c d\nquorum h", 3, 9, 0, 4, 4},
  };
  for (const auto& row : rows) {
    const auto policy = parse_anchor_policy(text + row.rules + "\n");
    ASSERT_TRUE(policy.ok()) << policy.error().message;
    const auto held = [&](const AnchorSpec& spec) {
      return spec.name == "a" ? row.a : spec.name == "b" ? row.b : spec.name == "c" ? row.c : row.d;
    };
    EXPECT_EQ(covered_events(*policy, held), row.covered) << row.rules;
  }
}

TEST(AnchorPolicy, DurationsHaveOneUnit) {
  EXPECT_EQ(parse_duration_ns("90s"), 90'000'000'000);
  EXPECT_EQ(parse_duration_ns("7d"), 604'800'000'000'000);
  for (const char* text : {"", "s", "1", "1w", "-1s", "01h", "1h30m", "99999999999999999d"}) {
    EXPECT_FALSE(parse_duration_ns(text)) << text;
  }
}

TEST(AnchorPolicy, EditsKeepTheRestOfTheText) {
  const auto first = with_policy_line("", "anchor a directory /a");
  ASSERT_TRUE(first.ok()) << first.error().message;
  const auto second = with_policy_line(*first, "anchor b directory /b");
  ASSERT_TRUE(second.ok());
  const auto left = without_anchor(*second, "a");
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(*left, *with_policy_line("", "anchor b directory /b"));
  EXPECT_EQ(without_anchor(*left, "a").error().code, Code::kNotFound);
  EXPECT_EQ(without_anchor("anchor a directory /a\nquorum a\n", "a").error().code, Code::kInvalid);
  EXPECT_LT(second->find("anchor b "), second->find("quorum "));
  EXPECT_EQ(with_policy_line(*first, "anchor a git /r").error().code, Code::kInvalid);
}

}  // namespace
}  // namespace phantom
