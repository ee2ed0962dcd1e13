#include "cli/export_state.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <fstream>

namespace phantom {
namespace {

TEST(ExportState, ReadsWhatItWrote) {
  for (const Seq after : {Seq{0}, Seq{41}, Seq{UINT64_MAX}}) {
    const ExportState state{"0123", after};
    const auto read = parse_export_state(export_state_text(state));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, state);
  }
}

TEST(ExportState, NothingElseIsAState) {
  for (const char* text :
       {"", "{}", "[]", "7", R"({"v":2,"ledger_id":"x","after":"1"})", R"({"v":1,"ledger_id":"x"})",
        R"({"v":1,"ledger_id":"x","after":1})", R"({"v":1,"ledger_id":"x","after":"-1"})",
        R"({"v":1,"ledger_id":7,"after":"1"})",
        R"({"v":1,"ledger_id":"x","after":"18446744073709551616"})"}) {
    EXPECT_FALSE(parse_export_state(text).ok()) << text;
  }
}

TEST(ExportState, AnotherLedgersStateIsRefusedAndAMissingOneIsNone) {
  const TempDir directory;
  const std::string file = (directory.path() / "state").string();
  const auto none = read_export_state(file, "one");
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(*none);
  std::ofstream(file) << export_state_text({"one", 7});
  const auto mine = read_export_state(file, "one");
  ASSERT_TRUE(mine.ok() && *mine);
  EXPECT_EQ((*mine)->after, 7U);
  const auto other = read_export_state(file, "two");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, Code::kInvalid);
}

}  // namespace
}  // namespace phantom
