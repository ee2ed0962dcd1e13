#include "proxy/sync_config.h"

#include "proxy/config.h"
#include "proxy/services.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

Result<ProjectConfig> parsed(const std::string& sync) {
  const std::string head = "[phantom]\nversion = 1\nproject_id = \"0123456789abcdef\"\n";
  return parse_config(sync.starts_with("[[") ? head + sync : sync + head);
}

std::string vercel(const std::string& more = "") {
  return "[[sync]]\nplatform = \"vercel\"\nproject = \"prj_1\"\ntoken = \"VERCEL_TOKEN\"\n"
         "environments = { prod = \"production\", dev = [\"preview\", \"development\"] }\n" +
         more;
}

TEST(SyncConfig, ATableSaysWhichEnvironmentGoesWhere) {
  const auto config =
      parsed(vercel("account = \"team_1\"\nonly = [\"STRIPE_*\", \"DB\"]\nexcept = "
                    "\"*_TEST\"\nprefix = \"APP_\"\n"));
  ASSERT_TRUE(config.ok()) << config.error().message;
  ASSERT_EQ(config->sync.size(), 1U);
  const SyncConfig& table = config->sync[0];
  EXPECT_EQ(table.account, "team_1");
  EXPECT_EQ(table.token, "VERCEL_TOKEN");
  EXPECT_FALSE(table.token_env.has_value());
  EXPECT_EQ(table.only.size(), 2U);
  EXPECT_EQ(table.except, std::vector<std::string>{"*_TEST"});
  EXPECT_EQ(table.prefix, "APP_");

  const auto prod = sync_targets(config->sync, "prod");
  ASSERT_EQ(prod.size(), 1U);
  EXPECT_EQ(prod[0].describe(), "vercel prj_1 (production)");
  const auto dev = sync_targets(config->sync, "dev");
  ASSERT_EQ(dev.size(), 1U);  // one variable may hold for both
  EXPECT_EQ(dev[0].places_text(), "preview, development");
  EXPECT_TRUE(sync_targets(config->sync, "stage").empty());
}

TEST(SyncConfig, PlatformsWithSeparateEnvironmentsHaveATargetForEach) {
  const auto config = parsed(
      "[[sync]]\nplatform = \"github\"\nproject = \"o/r\"\ntoken_env = \"GH_TOKEN\"\n"
      "environments = { dev = [\"repository\", \"staging\"] }\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto targets = sync_targets(config->sync, "dev");
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_EQ(targets[1].places, std::vector<std::string>{"staging"});
}

TEST(SyncConfig, WhatIsNotExactlyATableIsRefusedWithItsLine) {
  const std::string head = "[[sync]]\nplatform = \"vercel\"\nproject = \"prj_1\"\n";
  const std::string places = "environments = { prod = \"production\" }\n";
  const std::string token = "token = \"T\"\n";
  struct Row {
    std::string text;
    std::string says;
  };
  const Row rows[] = {
      {"sync = 1\n", "[[sync]]"},
      {"sync = [1]\n", "[[sync]]"},
      {"[[sync]]\nplatform = \"heroku\"\n", "none phantom knows"},
      {"[[sync]]\nproject = \"p\"\n" + token + places, "no \"platform\""},
      {head + places, "it needs \"token\""},
      {head + places + token + "token_env = \"X\"\n", "it needs \"token\""},
      {head + token, "no \"environments\""},
      {head + token + "environments = {}\n", "must say where"},
      {head + token + "environments = { Prod = \"production\" }\n", "no name of an environment"},
      {head + token + "environments = { prod = \"live\" }\n", "no environment of vercel"},
      {head + token + "environments = { prod = [\"preview\", \"preview\"] }\n", "twice"},
      {head + token + "environments = { prod = [] }\n", "1 to 100"},
      {head + token + places + "only = [\"[A-Z]*\"]\n", "no pattern"},
      {head + token + places + "except = \"\"\n", "no pattern"},
      {head + token + places + "onyl = \"A\"\n", "not a known key"},
      {head + token + places + "prefix = \"A-B \"\n", "beginning of a name"},
      {head + token + places + "service = \"x\"\n", "means nothing to vercel"},
      {head + "token = \"not a name\"\n" + places, "name of a secret"},
      {"[[sync]]\nplatform = \"vercel\"\nproject = \"a/../b\"\n" + token + places, "project"},
      {"[[sync]]\nplatform = \"vercel\"\nproject = \"a?b=c\"\n" + token + places, "project"},
  };
  for (const Row& row : rows) {
    const auto config = parsed(row.text);
    ASSERT_FALSE(config.ok()) << row.text;
    EXPECT_EQ(config.error().code, Code::kInvalid) << row.text;
    EXPECT_NE(config.error().message.find(row.says), std::string::npos)
        << row.text << config.error().message;
    EXPECT_NE(config.error().message.find(" line "), std::string::npos) << row.text;
  }
}

TEST(SyncConfig, AnotherAddressForAPlatformIsThisMachineOnly) {
  EXPECT_TRUE(parsed(vercel("api = \"http://127.0.0.1:81\"\n")).ok());
  EXPECT_TRUE(parsed(vercel("api = \"http://[::1]:81/\"\n")).ok());
  for (const char* api :
       {"https://api.vercel.com.example", "http://localhost:1", "http://10.0.0.1", "http://0.0.0.0",
        "http://127.0.0.1:1/path", "http://127.0.0.1:1?x", "http://127.0.0.1@example.com",
        "ftp://127.0.0.1", "127.0.0.1", "http://127.1", "http://2130706433"}) {
    EXPECT_FALSE(parsed(vercel("api = \"" + std::string(api) + "\"\n")).ok()) << api;
  }
}

TEST(SyncConfig, TwoEnvironmentsThatWouldWriteOverEachOtherAreRefused) {
  const auto config = parsed(
      "[[sync]]\nplatform = \"vercel\"\nproject = \"p\"\ntoken = \"T\"\n"
      "environments = { prod = \"production\", dev = [\"preview\", \"production\"] }\n");
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("write over each other"), std::string::npos);
  const std::string other = vercel();
  EXPECT_TRUE(parsed(vercel("only = \"A\"\n") + vercel("only = \"B\"\n")).ok());
}

TEST(SyncConfig, EachPlatformSaysWhatItNeeds) {
  const auto table = [](const std::string& keys) {
    return parsed("[[sync]]\ntoken = \"T\"\n" + keys);
  };
  const std::string prod = "environments = { prod = ";
  for (const std::string& good :
       {"platform = \"railway\"\nproject = \"p\"\nservice = \"s\"\n" + prod + "\"e-1\" }\n",
        "platform = \"railway\"\nproject = \"p\"\nkind = \"project-token\"\n" + prod + "\"e\" }\n",
        "platform = \"github\"\nproject = \"o/r\"\n" + prod + "\"repository\" }\n",
        "platform = \"fly\"\nproject = \"app-1\"\n" + prod + "\"app\" }\n",
        "platform = \"netlify\"\nproject = \"s\"\naccount = \"a\"\n" + prod + "\"dev\" }\n",
        "platform = \"cloudflare\"\nproject = \"s\"\naccount = \"a\"\n" + prod + "\"script\" }\n",
        "platform = \"cloudflare\"\nkind = \"pages\"\nproject = \"s\"\naccount = \"a\"\n" + prod +
            "\"preview\" }\n",
        "platform = \"vercel\"\nproject = \"s\"\n" + prod + "\"env_123\" }\n"}) {
    const auto config = table(good);
    EXPECT_TRUE(config.ok()) << good << (config.ok() ? "" : config.error().message);
  }
  for (const std::string& bad :
       {"platform = \"railway\"\nproject = \"p\"\nkind = \"x\"\n" + prod + "\"e-1\" }\n",
        "platform = \"railway\"\nproject = \"p\"\n" + prod + "\"a/b\" }\n",
        "platform = \"github\"\nproject = \"repo\"\n" + prod + "\"repository\" }\n",
        "platform = \"github\"\nproject = \"o/r/s\"\n" + prod + "\"repository\" }\n",
        "platform = \"fly\"\nproject = \"app\"\n" + prod + "\"production\" }\n",
        "platform = \"netlify\"\nproject = \"s\"\n" + prod + "\"production\" }\n",
        "platform = \"netlify\"\nproject = \"s\"\naccount = \"a\"\n" + prod + "\"all\" }\n",
        "platform = \"cloudflare\"\nproject = \"s\"\naccount = \"a\"\n" + prod +
            "\"production\" }\n"}) {
    EXPECT_FALSE(table(bad).ok()) << bad;
  }
}

TEST(SyncConfig, ATokenIsOneInEveryEnvironment) {
  const auto config = parsed(vercel());
  ASSERT_TRUE(config.ok());
  EXPECT_TRUE(is_platform_token(config->sync, "VERCEL_TOKEN"));
  EXPECT_FALSE(is_platform_token(config->sync, "STRIPE_KEY"));
  const auto prod = parsed(
      "[[sync]]\nplatform = \"fly\"\nproject = \"a\"\ntoken = \"prod/FLY\"\n"
      "environments = { prod = \"app\" }\n[[sync]]\nplatform = \"fly\"\nproject = \"b\"\n"
      "token_env = \"FLY_ENV\"\nenvironments = { prod = \"app\" }\n");
  ASSERT_TRUE(prod.ok()) << prod.error().message;
  EXPECT_TRUE(is_platform_token(prod->sync, "FLY"));
  EXPECT_TRUE(is_platform_token(prod->sync, "FLY_ENV"));
}

TEST(SyncConfig, APersonAcceptsThePlaceOfTheSecretsAndOfTheToken) {
  const auto config = parsed(vercel());
  ASSERT_TRUE(config.ok());
  const std::vector<Route> routes = sync_routes(config->sync);
  ASSERT_EQ(routes.size(), 4U);
  EXPECT_EQ(routes[0].origin(), "https://api.vercel.com");
  EXPECT_EQ(routes[0].secret_name, "*");
  EXPECT_EQ(routes[1].secret_name, "VERCEL_TOKEN");
  EXPECT_EQ(routes[2].secret_name, "prod/*");
  EXPECT_EQ(routes[2].service, "sync vercel prj_1 production from prod");
  const auto local = parsed(vercel("api = \"http://127.0.0.1:81\"\n"));
  ASSERT_TRUE(local.ok());
  EXPECT_EQ(sync_routes(local->sync)[0].origin(), "http://127.0.0.1:81");
}

}  // namespace
}  // namespace phantom
