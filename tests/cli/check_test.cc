#include "cli/check_baseline.h"
#include "cli/check_report.h"
#include "cli/check_run.h"
#include "cli/check_sources.h"
#include "tests/support/vault_secret_samples.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

CheckFinding finding_of(const char* rule, const char* path, std::string tag = "") {
  CheckFinding finding;
  finding.rule = find_secret_rule(rule);
  finding.path = path;
  finding.name = "KEY";
  finding.masked = "(20 characters)";
  finding.value_tag = std::move(tag);
  return finding;
}

TEST(Check, AddedLinesAreThoseOfThePatch) {
  const auto added = added_lines(
      "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -3 +3 @@ head\n-x\n+y\n@@ -9,0 +10,3 "
      "@@\n+a\n+b\n+c\n"
      "@@ -20,2 +23,0 @@\n-d\n-e\n");
  ASSERT_EQ(added.size(), 2U);
  EXPECT_EQ(added[0].first, 3U);
  EXPECT_EQ(added[0].last, 3U);
  EXPECT_EQ(added[1].first, 10U);
  EXPECT_EQ(added[1].last, 12U);
}

TEST(Check, DotenvFilesAreToldFromTheirExamples) {
  for (const char* path : {".env", "a/.env.local", ".env.production", "deploy/app.env"}) {
    EXPECT_TRUE(is_dotenv_file(path)) << path;
  }
  for (const char* path :
       {".env.example", "a/.env.sample", ".env.template", "env", "environment.ts"}) {
    EXPECT_FALSE(is_dotenv_file(path)) << path;
  }
}

TEST(Check, AMaskShowsFourGivenCharactersAtMost) {
  EXPECT_EQ(masked_value(*find_secret_rule("github-pat"), "ghp_" + random_text('a', 36, 1)),
            "ghp_... (40 characters)");
  EXPECT_EQ(masked_value(*find_secret_rule("anthropic-api-key"),
                         "sk-ant-api03-" + random_text('a', 95, 1)),
            "sk-a... (108 characters)");
  EXPECT_EQ(masked_value(*find_secret_rule("datadog-api-key"), random_text('h', 32, 1)),
            "(32 characters)");
  EXPECT_EQ(masked_value(*find_secret_rule("postgres-url"), "secret-word"), "(11 characters)");
}

// What can be guessed has no digest; what cannot has another one under another salt.
TEST(Check, OnlyUnguessableValuesHaveADigest) {
  const SecretRule& pat = *find_secret_rule("github-pat");
  const std::string random = random_text('a', 36, 2);
  const std::string one = value_tag(pat, "ghp_" + random, random, "salt");
  EXPECT_EQ(one.size(), 32U);
  EXPECT_EQ(value_tag(pat, "ghp_" + random, random, "salt"), one);
  EXPECT_NE(value_tag(pat, "ghp_" + random, random, "other"), one);
  EXPECT_EQ(value_tag(pat, "ghp_" + random, random, ""), "");
  for (const char* rule : {"postgres-url", "connection-password", "generic-secret"}) {
    EXPECT_EQ(value_tag(*find_secret_rule(rule), random, random, "salt"), "") << rule;
  }
  EXPECT_EQ(value_tag(*find_secret_rule("vonage-secret"), random.substr(0, 16),
                      random.substr(0, 16), "salt"),
            "");
}

TEST(Check, ABaselineKnowsAValueWhereverItIsAndAPasswordByItsPlace) {
  Baseline baseline;
  baseline.salt = std::string(32, 'a');
  add_to_baseline(baseline, {finding_of("github-pat", "a", "11"), finding_of("postgres-url", "a")});
  const auto read = parse_baseline(baseline_to_json(baseline));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->entries.size(), 2U);
  EXPECT_TRUE(is_known(*read, finding_of("github-pat", "moved", "11")));
  EXPECT_FALSE(is_known(*read, finding_of("github-pat", "a", "22")));
  EXPECT_FALSE(is_known(*read, finding_of("github-pat", "a")));
  EXPECT_TRUE(is_known(*read, finding_of("postgres-url", "a")));
  EXPECT_FALSE(is_known(*read, finding_of("postgres-url", "moved")));
  EXPECT_FALSE(is_known(*read, finding_of("mysql-url", "a")));
}

TEST(Check, WhatIsNoBaselineIsRefused) {
  for (const char* text :
       {"", "[]", "{}", "{\"v\":2}", "{\"v\":1,\"salt\":\"\",\"findings\":[]}",
        "{\"v\":1,\"salt\":\"0123456789abcdef0123456789abcdef\"}",
        "{\"v\":1,\"salt\":\"0123456789abcdef0123456789abcdef\",\"findings\":[{}]}"}) {
    EXPECT_FALSE(parse_baseline(text).ok()) << text;
  }
}

TEST(Check, ReportsAreSafeForATerminal) {
  CheckResult result;
  result.findings.push_back(finding_of("github-pat", "a\x1b[31m\n.txt"));
  EXPECT_EQ(check_to_text(result).find('\x1b'), std::string::npos);
  EXPECT_EQ(check_to_json(result, "all").find('\x1b'), std::string::npos);
  EXPECT_NE(check_to_sarif(result, "all").find("a%1B%5B31m%0A.txt"), std::string::npos);
}

}  // namespace
}  // namespace phantom
