// The table of kill points against the code that has them.

#include "ledger/point.h"

#include "ledger/home.h"
#include "tests/support/child_process.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

TEST(Point, EachNameIsUsedExactlyOnceAndEachUseIsNamed) {
  std::map<std::string, int> uses;
  const std::regex use(R"re(PH_POINT\("([^"]*)"\);)re");
  for (const auto& file : fs::directory_iterator(fs::path(PHANTOM_TEST_SOURCE_DIR) / "ledger")) {
    if (file.path().extension() != ".cc") continue;
    const auto bytes = read_file(file.path(), 1 << 20);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    const std::string text(bytes->begin(), bytes->end());
    for (std::sregex_iterator at(text.begin(), text.end(), use), end; at != end; ++at) {
      ++uses[(*at)[1]];
    }
  }
  for (const std::string_view name : kPoints) {
    EXPECT_EQ(uses[std::string(name)], 1) << name;
  }
  EXPECT_EQ(uses.size(), kPoints.size()) << "a point of the code is not in the table";
  EXPECT_EQ(std::set<std::string_view>(kPoints.begin(), kPoints.end()).size(), kPoints.size());
}

}  // namespace
}  // namespace phantom::test
