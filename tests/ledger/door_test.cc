// Who is let in, and what may lie where a socket is to be.

#include "ledger/door.h"

#include "ledger/service_socket.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom::test {
namespace {

TEST(Door, LetsInItsOwnUserAndWhoIsNamed) {
  const std::vector<std::uint32_t> groups{100, 2'000};
  EXPECT_TRUE(admits({}, 7, 7, groups));
  EXPECT_FALSE(admits({}, 7, 8, groups));
  EXPECT_FALSE(admits({}, 7, 0, groups));  // root has no part in it unless it is named
  EXPECT_TRUE(admits({{8}, {}}, 7, 8, groups));
  EXPECT_FALSE(admits({{9}, {}}, 7, 8, groups));
  EXPECT_TRUE(admits({{}, {2'000}}, 7, 8, groups));
  EXPECT_TRUE(admits({{}, {100}}, 7, 8, groups));
  EXPECT_FALSE(admits({{}, {8}}, 7, 8, groups));
  EXPECT_FALSE(admits({{100}, {}}, 7, 8, groups));
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

TEST(Door, ModeFollowsWhoMayCome) {
  const phantom::TempDir dir;
  const auto path = dir.path() / "sock";
  ASSERT_TRUE(open_door({path, {}}).ok());
  EXPECT_EQ(mode_of(path), 0600U);
  ASSERT_TRUE(open_door({path, {{}, {::getegid()}}}).ok());
  EXPECT_EQ(mode_of(path), 0660U);
  ASSERT_TRUE(open_door({path, {{12345}, {}}}).ok());
  EXPECT_EQ(mode_of(path), 0666U);
}

TEST(Door, ReplacesADeadSocketAndNothingElse) {
  const phantom::TempDir dir;
  const auto path = dir.path() / "sock";
  std::ofstream(path) << "a file of somebody's";
  EXPECT_EQ(open_door({path, {}}).error().code, Code::kExists);
  EXPECT_TRUE(std::filesystem::is_regular_file(path));
  std::filesystem::remove(path);
  {
    const auto living = open_door({path, {}});
    ASSERT_TRUE(living.ok());
    EXPECT_EQ(open_door({path, {}}).error().code, Code::kBusy);
  }
  EXPECT_TRUE(open_door({path, {}}).ok());
}

TEST(Door, DirectoryThatOthersWriteToIsRefused) {
  const phantom::TempDir dir;
  const auto open = dir.path() / "open";
  std::filesystem::create_directory(open);
  ASSERT_EQ(::chmod(open.c_str(), 01777), 0);
  const auto refused = open_door({open / "sock", {}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kDenied);
  EXPECT_FALSE(refused.error().hint.empty());
  EXPECT_EQ(check_socket_directory(open / "sock").error().code, Code::kDenied);
  EXPECT_EQ(check_socket_directory(dir.path() / "missing" / "sock").error().code, Code::kNotFound);
}

TEST(ServiceSocket, VariableBeforeFileAndOnlyAbsolutePaths) {
  const phantom::TempDir dir;
  const Home home{dir.path()};
  EXPECT_EQ(*find_service_socket(home, nullptr), std::nullopt);
  EXPECT_EQ(*find_service_socket(home, ""), std::nullopt);
  std::ofstream(dir.path() / "ledger.socket") << "/run/phantom/ledger.sock\n";
  EXPECT_EQ(*find_service_socket(home, nullptr), "/run/phantom/ledger.sock");
  EXPECT_EQ(*find_service_socket(home, "/elsewhere/sock"), "/elsewhere/sock");
  EXPECT_EQ(find_service_socket(home, "relative").error().code, Code::kInvalid);
  for (const std::string& wrong :
       {std::string(""), std::string("sock"), std::string("/a\n/b"), std::string("/a/"),
        std::string("/a\0b", 4), std::string("/") + std::string(5'000, 'x')}) {
    EXPECT_FALSE(parse_service_socket(wrong).ok()) << wrong;
  }
  std::ofstream(dir.path() / "ledger.socket") << "";
  EXPECT_EQ(find_service_socket(home, nullptr).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace phantom::test
