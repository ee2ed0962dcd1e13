#include "vault/secret_name.h"

#include "events/tags.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(SecretName, HasOneSpellingForEachSecret) {
  EXPECT_EQ(full_secret_name("dev", "KEY"), "KEY");
  EXPECT_EQ(full_secret_name("prod", "KEY"), "prod/KEY");
  for (const char* full : {"KEY", "prod/KEY", "eu-1/my.key-2", "a/_"}) {
    EXPECT_TRUE(is_valid_secret_name(full)) << full;
    const SecretNameParts parts = split_secret_name(full);
    EXPECT_EQ(full_secret_name(parts.environment, parts.name), full);
  }
  EXPECT_EQ(split_secret_name("KEY").environment, "dev");
  EXPECT_EQ(split_secret_name("prod/KEY").name, "KEY");
}

TEST(SecretName, RefusesWhatIsNoName) {
  for (const char* full : {"", "/", "dev/KEY", "prod/", "/KEY", "Prod/KEY", "prod/a/KEY",
                           "prod//KEY", "../KEY", "prod/1KEY", "prod KEY", "prod\n/KEY",
                           "pr\xc3\xb6"
                           "d/KEY"}) {
    EXPECT_FALSE(is_valid_secret_name(full)) << full;
  }
  EXPECT_TRUE(is_valid_environment(std::string(32, 'a')));
  EXPECT_FALSE(is_valid_environment(std::string(33, 'a')));
  EXPECT_FALSE(is_valid_environment(""));
  EXPECT_FALSE(is_valid_environment("UP"));
  EXPECT_FALSE(is_valid_environment("a/b"));
}

TEST(SecretName, TheLongestNameOfTheLongestProjectIsStillATag) {
  const std::string full = "prod/" + std::string(kSecretNameBytesMax - 5, 'N');
  EXPECT_TRUE(is_valid_secret_name(full));
  EXPECT_FALSE(is_valid_secret_name(full + "N"));
  EXPECT_TRUE(is_valid_tag(secret_tag(std::string(64, 'p'), full)));
}

}  // namespace
}  // namespace phantom
