#include "cli/secret_environment.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(SecretEnvironment, IsTheOptionElseTheVariableElseDev) {
  EXPECT_EQ(*secret_environment("prod", "stage"), "prod");
  EXPECT_EQ(*secret_environment(std::nullopt, "stage"), "stage");
  EXPECT_EQ(*secret_environment(std::nullopt, ""), "dev");
  EXPECT_EQ(*secret_environment(std::nullopt, nullptr), "dev");
  EXPECT_EQ(*secret_environment("dev", "prod"), "dev");
}

TEST(SecretEnvironment, SaysWhichOneIsWrong) {
  const auto option = secret_environment("Prod", "prod");
  ASSERT_FALSE(option.ok());
  EXPECT_EQ(option.error().code, Code::kInvalid);
  EXPECT_NE(option.error().message.find("--env"), std::string::npos);
  const auto variable = secret_environment(std::nullopt, "a/b");
  ASSERT_FALSE(variable.ok());
  EXPECT_NE(variable.error().message.find("PHANTOM_ENV"), std::string::npos);
  EXPECT_FALSE(secret_environment("", nullptr).ok()) << "an empty option is no wish for dev";
}

TEST(SecretEnvironment, IsSpokenWhereItIsNotTheUsualOne) {
  EXPECT_EQ(spoken_secret_name("KEY"), "KEY");
  EXPECT_EQ(spoken_secret_name("prod/KEY"), "KEY in prod");
}

}  // namespace
}  // namespace phantom
