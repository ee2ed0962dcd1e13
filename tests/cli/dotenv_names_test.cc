#include "cli/dotenv_names.h"

#include "cli/secret_places.h"
#include "vault/placeholder.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

DotenvOnDisk names_file(const std::string& text) {
  DotenvOnDisk file;
  file.path = "/p/.env";
  file.text = text;
  auto parsed = parse_dotenv(text);
  EXPECT_TRUE(parsed.ok());
  file.parsed = std::move(*parsed);
  return file;
}

TEST(DotenvNames, BelongToOneEnvironment) {
  EXPECT_EQ(dotenv_names("dev").front(), ".env");
  EXPECT_EQ(dotenv_names("staging"),
            (std::vector<std::string>{".env.staging", ".env.staging.local"}));
  EXPECT_EQ(dotenv_names("prod").size(), 4U);
}

TEST(DotenvNames, GiveEveryEntryOfANameThePlaceholder) {
  const std::string placeholder = make_placeholder(system_random());
  const auto changed = [&](const std::string& text, Missing missing) {
    const auto result = with_placeholder(names_file(text), "KEY", placeholder, missing);
    return result.ok() ? *result : result.error().message;
  };
  // A prefix, and a value over several lines, which a search for "KEY=" would leave a tail of.
  EXPECT_EQ(changed("export KEY='-----BEGIN\nx\n-----END'\nMY_KEY=1\n", Missing::kAdd),
            "export KEY='" + placeholder + "'\nMY_KEY=1\n");
  EXPECT_EQ(changed("KEY=1\r\nA=2\r\nKEY=3", Missing::kAdd),
            "KEY=" + placeholder + "\r\nA=2\r\nKEY=" + placeholder);
  EXPECT_EQ(changed("A=1\r\nB=2", Missing::kAdd), "A=1\r\nB=2\r\nKEY=" + placeholder + "\r\n");
  EXPECT_EQ(changed("", Missing::kAdd), "KEY=" + placeholder + "\n");
  EXPECT_EQ(changed("A=1", Missing::kLeave), "A=1");
  EXPECT_EQ(changed("KEY=" + placeholder, Missing::kAdd), "KEY=" + placeholder);
}

TEST(SecretPlaces, SayWhatEachLineHolds) {
  SecretInfo info;
  info.name = "prod/KEY";
  info.placeholder = make_placeholder(system_random());
  info.former_placeholder = make_placeholder(system_random());
  const auto places = places_in(
      names_file("KEY=" + info.placeholder + "\nKEY=" + info.former_placeholder +
                 "\nKEY=" + make_placeholder(system_random()) + "\nKEY=phm_00\nKEY=\nOTHER=1\n" +
                 "KEY=sk-proj-exampleNotARealKey0123456789abcdefABCDEF\n"),
      "KEY", {info});
  std::vector<std::string> holds;
  for (const SecretPlace& place : places) holds.emplace_back(holding_name(place.holding));
  EXPECT_EQ(holds,
            (std::vector<std::string>{"placeholder", "former-placeholder", "foreign-placeholder",
                                      "damaged-placeholder", "empty", "secret"}));
  EXPECT_EQ(places[0].stands_for, "prod/KEY");
  EXPECT_EQ(places[5].line, 7U);
  EXPECT_TRUE(places[0].overridden);
  EXPECT_FALSE(places[5].overridden);
}

}  // namespace
}  // namespace phantom
