#include "events/tags.h"

#include "events/limits.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(Tags, NamesSayKindAndName) {
  EXPECT_EQ(session_tag("a1"), "session:a1");
  EXPECT_EQ(project_tag("p1"), "project:p1");
  EXPECT_EQ(secret_tag("p1", "API_KEY"), "secret:p1/API_KEY");
  EXPECT_EQ(vault_tag("p1"), "vault:p1");
  EXPECT_EQ(config_tag("p1"), "config:p1");
  EXPECT_EQ(actor_tag("s_1"), "actor:s_1");
}

TEST(Tags, EqualSecretNamesInTwoProjectsAreTwoTags) {
  EXPECT_NE(secret_tag("p1", "API_KEY"), secret_tag("p2", "API_KEY"));
}

TEST(Tags, ValidOnesAreShortPrintableAndHaveAKind) {
  EXPECT_TRUE(is_valid_tag(kEpochTag));
  EXPECT_TRUE(is_valid_tag("a:b"));
  EXPECT_TRUE(is_valid_tag("secret:p/A:B"));
  EXPECT_TRUE(is_valid_tag("a:" + std::string(kTagBytesMax - 2, 'x')));
  for (const std::string& tag :
       {std::string(), std::string("a"), std::string(":b"), std::string("a:"), std::string("a:b c"),
        std::string("a:b\n"), std::string("a:\x1b[2J"), std::string("a:\x7f"),
        std::string("a:\xc3\xa9"), std::string("a:b\0", 4),
        "a:" + std::string(kTagBytesMax - 1, 'x')}) {
    EXPECT_FALSE(is_valid_tag(tag)) << testing::PrintToString(tag);
  }
}

}  // namespace
}  // namespace phantom
