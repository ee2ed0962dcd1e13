#include "cli/dotenv_placeholders.h"

#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"
#include "vault/placeholder.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

class DotenvPlaceholders : public testing::Test {
 protected:
  DotenvPlaceholders() {
    swaps = {{make_placeholder(random), make_placeholder(random), "KEY"},
             {make_placeholder(random), make_placeholder(random), "prod/KEY"}};
  }
  SeededRandom random{41};
  std::vector<PlaceholderSwap> swaps;
  TempDir dir;
};

TEST_F(DotenvPlaceholders, AreFoundByWhatTheyAreWhateverTheKeyIs) {
  const std::string text = "# " + swaps[0].from + "\r\nA=1\r\nOTHER_NAME='" + swaps[0].from +
                           "' # note\r\nexport B=" + swaps[1].from + "\r\nC=x" + swaps[0].from +
                           "\r\nD=" + swaps[0].from;
  const auto parsed = parse_dotenv(text);
  ASSERT_TRUE(parsed.ok());
  Names names;
  const auto swapped = swap_placeholders(text, *parsed, swaps, names);
  ASSERT_TRUE(swapped.ok()) << swapped.error().message;
  EXPECT_EQ(*swapped, "# " + swaps[0].from + "\r\nA=1\r\nOTHER_NAME='" + swaps[0].to +
                          "' # note\r\nexport B=" + swaps[1].to + "\r\nC=x" + swaps[0].from +
                          "\r\nD=" + swaps[0].to);
  EXPECT_EQ(names, (Names{"KEY", "prod/KEY"}));
}

TEST_F(DotenvPlaceholders, FilesOfTheProjectAreFoundAndForeignOnesAreNot) {
  for (const char* name :
       {".env", ".env.local", "api/.env", "api/prod.env", "node_modules/x/.env", ".git/.env",
        "target/.env", "a/b/c/d/e/f/.env", "a/b/c/d/e/f/g/.env", "env", "notes.environment"}) {
    fs::create_directories((dir.path() / name).parent_path());
    write_text(dir.path() / name, "A=1\n");
  }
  fs::create_symlink(dir.path() / ".env", dir.path() / "linked.env");
  Names found;
  for (const fs::path& path : find_dotenv_files(dir.path())) {
    found.push_back(path.lexically_relative(dir.path()).string());
  }
  EXPECT_EQ(found, (Names{".env", ".env.local", "a/b/c/d/e/f/.env", "api/.env", "api/prod.env"}));
}

TEST_F(DotenvPlaceholders, ABrokenFileMattersOnlyWhenItHasOneOfThem) {
  const fs::path good = dir.path() / ".env";
  const fs::path broken = dir.path() / ".env.local";
  write_text(good, "A=" + swaps[0].from + "\n");
  write_text(broken, "B='never closed\n");
  const auto plans = plan_swaps({good, broken, dir.path() / "gone.env"}, swaps);
  ASSERT_TRUE(plans.ok()) << plans.error().message;
  ASSERT_EQ(plans->size(), 1U);
  EXPECT_EQ((*plans)[0].text, "A=" + swaps[0].to + "\n");
  EXPECT_EQ((*plans)[0].names, (Names{"KEY"}));
  write_text(broken, "B='" + swaps[1].from + "\n");
  const auto refused = plan_swaps({good, broken}, swaps);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_NE(refused.error().message.find(".env.local"), std::string::npos);
}

}  // namespace
}  // namespace phantom
