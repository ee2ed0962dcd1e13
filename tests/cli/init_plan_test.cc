#include "cli/init_plan.h"

#include "vault/placeholder.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

constexpr const char* kPlannedKey = "sk-proj-exampleNotARealKey0123456789abcdefABCDEF";

DotenvOnDisk dotenv_named(const std::string& name, const std::string& text) {
  DotenvOnDisk file;
  file.path = "/p/" + name;
  file.text = text;
  auto parsed = parse_dotenv(text);
  EXPECT_TRUE(parsed.ok());
  file.parsed = std::move(*parsed);
  return file;
}

Result<InitPlan> plan_of(const std::string& first, const std::string& second = "") {
  std::vector<DotenvOnDisk> files;
  files.push_back(dotenv_named(".env", first));
  if (!second.empty()) files.push_back(dotenv_named(".env.local", second));
  return plan_init(files);
}

TEST(InitPlan, TakesSecretsAndLeavesTheRest) {
  const auto plan = plan_of(std::string("OPENAI_API_KEY=") + kPlannedKey + "\nPORT=3000\nEMPTY=\n");
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->secrets.size(), 1U);
  EXPECT_EQ(plan->secrets[0].name, "OPENAI_API_KEY");
  EXPECT_EQ(plan->secrets[0].value.text(), kPlannedKey);
  EXPECT_EQ(plan->left, (std::vector<std::string>{"EMPTY", "PORT"}));
  ASSERT_EQ(plan->edits.size(), 1U);
  EXPECT_EQ(plan->edits[0].entries, std::vector<std::size_t>{0});
}

TEST(InitPlan, LeavesPlaceholdersAndWarnsOfDamagedOnes) {
  const std::string good = make_placeholder(system_random());
  const auto plan = plan_of("A_KEY=" + good + "\nB_KEY=" + good.substr(0, 60) + "\n");
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->secrets.empty());
  EXPECT_TRUE(plan->edits.empty());
  EXPECT_EQ(plan->placeholders, std::vector<std::string>{"A_KEY"});
  ASSERT_EQ(plan->warnings.size(), 1U);
}

TEST(InitPlan, ReplacesEveryOccurrenceAndKeepsTheLastValue) {
  const std::string other = std::string(kPlannedKey) + "X";
  const auto plan =
      plan_of(std::string("OPENAI_API_KEY=") + kPlannedKey + "\nOPENAI_API_KEY=" + other + "\n");
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->secrets.size(), 1U);
  EXPECT_EQ(plan->secrets[0].value.text(), other);
  EXPECT_EQ(plan->edits[0].entries, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(plan->warnings.size(), 1U);
}

TEST(InitPlan, RefusesTwoValuesOfOneNameInTwoFiles) {
  const std::string first = std::string("OPENAI_API_KEY=") + kPlannedKey + "\n";
  const auto same = plan_of(first, first);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->secrets.size(), 1U);
  EXPECT_EQ(same->edits.size(), 2U);
  const auto differing = plan_of(first, std::string("OPENAI_API_KEY=") + kPlannedKey + "X\n");
  ASSERT_FALSE(differing.ok());
  EXPECT_EQ(differing.error().code, Code::kConflict);
  EXPECT_EQ(differing.error().message.find(kPlannedKey), std::string::npos);
}

TEST(Gitignore, GetsALineOnceAndKeepsItsLineEnds) {
  EXPECT_EQ(gitignore_with("", ".env"), ".env\n");
  EXPECT_EQ(gitignore_with("a", ".env"), "a\n.env\n");
  EXPECT_EQ(gitignore_with("a\r\nb\r\n", ".env"), "a\r\nb\r\n.env\r\n");
  for (const char* text :
       {".env\n", "x\n/.env\n", ".env*\n", "*.env\n", ".env \n", ".env\r\nx\r\n"}) {
    EXPECT_EQ(gitignore_with(text, ".env"), text);
  }
  EXPECT_EQ(gitignore_with(".env.local\n", ".env"), ".env.local\n.env\n");
}

}  // namespace
}  // namespace phantom
