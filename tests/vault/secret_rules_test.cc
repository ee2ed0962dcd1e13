// The table: every row is well formed, described, and finds what it describes.

#include "vault/secret_rules.h"

#include "tests/support/vault_secret_samples.h"
#include "vault/secret_finder.h"

#include <gtest/gtest.h>

#include <set>

namespace phantom {
namespace {

struct Seen {
  std::string rule;
  std::string value;
};

std::vector<Seen> findings_in(const std::string& text, TextKind kind = TextKind::kSource) {
  static const SecretFinder finder;
  std::vector<Seen> seen;
  finder.find(text, kind, [&](const SecretHit& hit) {
    seen.push_back({std::string(hit.rule->id), std::string(hit.value)});
  });
  return seen;
}

TEST(SecretRules, EveryRowIsWholeAndNamedOnce) {
  std::set<std::string_view> ids;
  for (const SecretRule& rule : secret_rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_EQ(find_secret_rule(rule.id), &rule);
    EXPECT_FALSE(rule.provider.empty() || rule.what.empty() || rule.source.empty()) << rule.id;
    for (const char c : rule.id) EXPECT_TRUE(in_alphabet(c, 'l') || c == '-') << rule.id;
    for (const char c : rule.near) EXPECT_FALSE(in_alphabet(c, 'U')) << rule.id;
    const SecretShape shape(rule.shape);
    EXPECT_LE(shape.size_max(), 8'192U) << rule.id;
    // What no text of its own gives away needs a name beside it.
    EXPECT_TRUE(!shape.prefixes().empty() || !rule.near.empty()) << rule.id;
    for (const std::string& prefix : shape.prefixes()) {
      EXPECT_TRUE(prefix.size() >= 3 || !rule.near.empty()) << rule.id << " " << prefix;
    }
    const bool structured =
        rule.check == SecretCheck::kUrl || rule.check == SecretCheck::kConnection;
    EXPECT_TRUE(rule.entropy_min >= 3 || structured) << rule.id;
  }
  EXPECT_GE(ids.size(), 150U);
}

TEST(SecretRules, EveryRowFindsItsOwn) {
  std::size_t found = 0;
  for (const SecretRule& rule : secret_rules()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const SecretSample sample = sample_of(rule, seed);
      const auto seen = findings_in("first line\n" + sample.line + "\nlast line\n");
      ASSERT_EQ(seen.size(), 1U) << rule.id << " in " << sample.line;
      EXPECT_EQ(seen[0].rule, rule.id) << sample.line;
      if (rule.check != SecretCheck::kPem) {
        EXPECT_EQ(seen[0].value, sample.value) << rule.id;
      }
      ++found;
    }
  }
  EXPECT_GE(found, 450U);
}

// Shapes as their providers describe them, written down a second time by hand.
struct Shape {
  std::string rule;
  std::string prefix;
  char alphabet;
  std::size_t size;
  std::string end = "";
};

std::vector<Shape> shapes_by_hand() {
  return {{"anthropic-api-key", "sk-ant-api03-", 'a', 93, "AA"},
          {"openai-project-key", "sk-proj-", 'a', 74, "T3BlbkFJ" + random_text('a', 74, 5)},
          {"openai-api-key", "sk-", 'a', 20, "T3BlbkFJ" + random_text('a', 20, 6)},
          {"groq-key", "gsk_", 'a', 52},
          {"huggingface-token", "hf_", 'a', 34},
          {"replicate-token", "r8_", 'a', 37},
          {"perplexity-key", "pplx-", 'a', 48},
          {"aws-access-key-id", "AKIA", 'B', 16},
          {"aws-access-key-id", "ASIA", 'B', 16},
          {"google-api-key", "AIza", 'a', 35},
          {"google-oauth-secret", "GOCSPX-", 'a', 28},
          {"digitalocean-token", "dop_v1_", 'h', 64},
          {"github-fine-grained-pat", "github_pat_", 'a', 22, "_" + random_text('a', 59, 7)},
          {"github-app-token", "ghs_", 'a', 36},
          {"gitlab-pat", "glpat-", 'a', 20},
          {"pypi-token",
           "pypi-AgEIcHl"
           "waS5vcmc",
           'a', 150},
          {"rubygems-key", "rubygems_", 'h', 48},
          {"docker-pat", "dckr_pat_", 'a', 27},
          {"vault-service-token", "hvs.", 'a', 95},
          {"pulumi-token", "pul-", 'h', 40},
          {"doppler-token", "dp.st.", 'a', 43},
          {"postman-key", "PMAK-", 'h', 24, "-" + random_text('h', 34, 8)},
          {"stripe-secret-key", "sk_live_", 'a', 24},
          {"stripe-secret-key", "rk_live_", 'a', 99},
          {"stripe-test-key", "sk_test_", 'a', 99},
          {"stripe-webhook-secret", "whsec_", 'a', 32},
          {"shopify-access-token", "shpat_", 'h', 32},
          {"slack-bot-token", "xoxb-", 'd', 12,
           "-" + random_text('d', 13, 9) + "-" + random_text('a', 24, 9)},
          {"slack-webhook", "https://hooks.slack.com/services/T", 'u', 8,
           "/B0" + random_text('u', 8, 9) + "/" + random_text('a', 24, 9)},
          {"sendgrid-key", "SG.", 'a', 22, "." + random_text('a', 43, 9)},
          {"mailgun-key", "key-", 'h', 32},
          {"notion-token", "ntn_", 'a', 46},
          {"linear-key", "lin_api_", 'a', 40},
          {"airtable-pat", "pat", 'a', 14, "." + random_text('h', 64, 3)},
          {"figma-token", "figd_", 'a', 40},
          {"supabase-token", "sbp_", 'h', 40},
          {"newrelic-user-key", "NRAK-", 'u', 27},
          {"grafana-service-token", "glsa_", 'a', 32, "_" + random_text('h', 8, 3)},
          {"age-secret-key", "AGE-SECRET-KEY-1", 'u', 58},
          {"planetscale-password", "pscale_pw_", 'a', 43}};
}

TEST(SecretRules, DocumentedShapesAreFoundWhereverTheyStand) {
  std::size_t found = 0;
  std::uint64_t seed = 100;
  for (const Shape& shape : shapes_by_hand()) {
    const std::string value =
        shape.prefix + random_text(shape.alphabet, shape.size, ++seed) + shape.end;
    for (const std::string& text :
         {value, "KEY=" + value, "key: '" + value + "'", "{\"a\": \"" + value + "\"}",
          "curl -H \"Authorization: Bearer " + value + "\" https://api.acme.io",
          "f(`" + value + "`);", "<key>" + value + "</key>", "\\n" + value + "\\n",
          "a%3D" + value + "&b=c", "[" + value + "]"}) {
      const auto seen = findings_in(text);
      ASSERT_EQ(seen.size(), 1U) << text;
      EXPECT_EQ(seen[0].rule, shape.rule) << text;
      EXPECT_EQ(seen[0].value, value);
      ++found;
    }
  }
  EXPECT_GE(found, 200U);
}

TEST(SecretRules, GitHubsChecksumTellsAnExampleFromAToken) {
  const std::string token = with_crc62("ghp_" + random_text('a', 36, 1));
  EXPECT_EQ(findings_in(token).size(), 1U);
  std::string other = token;
  other.back() = other.back() == 'a' ? 'b' : 'a';
  EXPECT_TRUE(findings_in(other).empty());
  // A revoked token that GitHub once made, in two pieces.
  const std::string made = std::string("ghp_zQWBuTSOoRi4A9spHcVY") + "5ncnsDkxkJ0mLq17";
  EXPECT_EQ(with_crc62(made), made);
  EXPECT_EQ(findings_in(made).size(), 1U);
}

}  // namespace
}  // namespace phantom
