#include "cli/env_example.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

DotenvOnDisk env_file(const std::string& text) {
  DotenvOnDisk file;
  file.path = "/p/.env";
  file.text = text;
  auto parsed = parse_dotenv(text);
  EXPECT_TRUE(parsed.ok());
  file.parsed = std::move(*parsed);
  return file;
}

std::string example_text(const std::string& text) { return example_of(env_file(text)).text; }

TEST(EnvExample, KeepsEveryByteButValues) {
  EXPECT_EQ(example_text("\xEF\xBB\xBF# a\r\n\r\n export A = 'x'\t# note\r\nB: y\nC=`z\nz`"),
            "\xEF\xBB\xBF# a\r\n\r\n export A = ''\t# note\r\nB: \nC=``");
  EXPECT_EQ(example_text(""), "");
  EXPECT_EQ(example_text("A=1"), "A=");
}

TEST(EnvExample, LeavesOutCommentsThatHoldSecrets) {
  const std::string placeholder =
      "phm_0000000000000000000000000000000000000000000000000000000000000000";
  for (const std::string& comment :
       {std::string("# OLD_TOKEN=ghp_exampleNotARealToken1234567890abcd"),
        std::string("#DB_PASSWORD=hunter2hunter2"),
        std::string("## export API_SECRET=\"not-a-real-secret-value\"")}) {
    EXPECT_EQ(example_text("A=1\n" + comment + "\nB=2\n"), "A=\n# (left out)\nB=\n") << comment;
  }
  EXPECT_EQ(example_text("A=1 # was ghp_16C7e42F292c6912E7710c838347Ae178B4a\n"),
            "A= # (left out)\n");
  EXPECT_EQ(example_text("# PORT=3000 is the usual one\n# see https://example.com\n"),
            "# PORT=3000 is the usual one\n# see https://example.com\n");
}

TEST(EnvExample, SaysWhichLinesItCut) {
  const EnvExample example = example_of(env_file("A='x\ny'\n# DB_PASSWORD=hunter2hunter2\nA=2\n"));
  EXPECT_EQ(example.cut_lines, std::vector<std::size_t>{2});
  EXPECT_EQ(example.names, std::vector<std::string>{"A"});
}

TEST(EnvExample, IsComparedByNames) {
  const DotenvOnDisk file = env_file("A=1\nB=2\n");
  const ExampleCheck same = check_example(env_file("B=\nA=\n"), &file);
  EXPECT_TRUE(same.ok());
  const ExampleCheck other = check_example(env_file("B=\nC=\n"), &file);
  EXPECT_EQ(other.missing, std::vector<std::string>{"A"});
  EXPECT_EQ(other.extra, std::vector<std::string>{"C"});
  const ExampleCheck alone =
      check_example(env_file("B=\nT=ghp_16C7e42F292c6912E7710c838347Ae178B4a\n"), nullptr);
  EXPECT_TRUE(alone.missing.empty());
  EXPECT_EQ(alone.secret_lines, std::vector<std::size_t>{2});
}

}  // namespace
}  // namespace phantom
