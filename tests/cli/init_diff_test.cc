#include "cli/init_diff.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

std::string diff_of_text(const std::string& text, const std::vector<std::size_t>& entries) {
  DotenvOnDisk file;
  file.path = "/p/.env";
  file.text = text;
  auto parsed = parse_dotenv(text);
  EXPECT_TRUE(parsed.ok());
  file.parsed = std::move(*parsed);
  return dotenv_diff(file, entries);
}

TEST(InitDiff, ShowsKeysAndNeverValuesOrWhatFollowsThem) {
  EXPECT_EQ(diff_of_text("# note\nexport KEY = \"real-value\" # real-comment\nPORT=1\n", {0}),
            "--- .env\n+++ .env\n@@ -2 +2 @@\n"
            "-export KEY = \"<value of KEY>\"\n+export KEY = \"<placeholder of KEY>\"\n");
}

TEST(InitDiff, CountsTheLinesOfValuesOverSeveral) {
  EXPECT_EQ(diff_of_text("A='one\ntwo\r\nthree'\nB=real\n", {0, 1}),
            "--- .env\n+++ .env\n@@ -1,3 +1 @@\n"
            "-A='<value of A>\n-<value of A>\n-<value of A>'\n+A='<placeholder of A>'\n"
            "@@ -4 +2 @@\n-B=<value of B>\n+B=<placeholder of B>\n");
}

TEST(InitDiff, ShowsLinesThatAreAdded) {
  EXPECT_EQ(appended_diff(".gitignore", "", ".env\n"),
            "--- /dev/null\n+++ .gitignore\n@@ -0,0 +1 @@\n+.env\n");
  EXPECT_EQ(appended_diff(".gitignore", "a\r\nb\r\n", "a\r\nb\r\n.env\r\n"),
            "--- .gitignore\n+++ .gitignore\n@@ -2,0 +3 @@\n+.env\n");
}

}  // namespace
}  // namespace phantom
