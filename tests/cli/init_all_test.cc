#include "cli/init_all.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <fstream>

namespace phantom {
namespace {

namespace fs = std::filesystem;

void make_repository(const fs::path& directory, const std::string& dotenv) {
  fs::create_directories(directory / ".git");
  if (!dotenv.empty()) std::ofstream(directory / dotenv) << "A=1\n";
}

TEST(InitAll, FindsRepositoriesWithDotenvFilesInReach) {
  const TempDir dir;
  const fs::path top = fs::canonical(dir.path());
  make_repository(top / "a", ".env");
  make_repository(top / "a" / "inner", ".env.local");
  make_repository(top / "none", "");
  make_repository(top / "prod", ".env.production");
  make_repository(top / "node_modules" / "x", ".env");
  make_repository(top / ".cache" / "x", ".env");
  make_repository(top / "1" / "2" / "3" / "4" / "5", ".env");
  make_repository(top / "1" / "2" / "3" / "4" / "5" / "6", ".env");
  fs::create_directories(top / "plain");
  std::ofstream(top / "plain" / ".env") << "A=1\n";
  const TempDir outside;
  make_repository(outside.path(), ".env");
  fs::create_directory_symlink(outside.path(), top / "link");
  make_repository(top / "linked", "");
  fs::create_symlink(outside.path() / ".env", top / "linked" / ".env");

  std::size_t unreadable = 0;
  const auto found = find_repositories(top, "dev", unreadable);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, (std::vector<fs::path>{top / "1/2/3/4/5", top / "a", top / "a/inner"}));
  EXPECT_EQ(unreadable, 0U);
  EXPECT_EQ(*find_repositories(top, "prod", unreadable), std::vector<fs::path>{top / "prod"});
  EXPECT_EQ(find_repositories(top / "nosuch", "dev", unreadable).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace phantom
