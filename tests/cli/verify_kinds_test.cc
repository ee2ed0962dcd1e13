#include "cli/verify_kinds.h"

#include "cli/report_summary.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

std::string chosen(const std::vector<std::string>& given, std::string_view fallback = "") {
  const auto kinds = file_kinds(open_tiles_directory);
  const auto kind = choose_kind(kinds, given, fallback);
  return kind.ok() ? (*kind)->flag : kind.error().message;
}

TEST(VerifyKinds, FlagChoosesTheKind) {
  EXPECT_EQ(chosen({"tiles", "key", "json"}), "tiles");
  EXPECT_EQ(chosen({"backup", "pins", "against", "trust-state", "update-trust"}), "backup");
  EXPECT_EQ(chosen({"entry", "proof", "summary", "warn-indeterminate"}), "proof");
  EXPECT_EQ(chosen({"key"}, "tiles"), "tiles");
}

TEST(VerifyKinds, WhatDoesNotGoTogetherIsNamed) {
  EXPECT_EQ(chosen({"tiles", "backup"}), "--tiles and --backup are two things to verify: give one");
  EXPECT_EQ(chosen({"proof"}), "--proof and --entry go together");
  EXPECT_EQ(chosen({"entry", "tiles"}), "--proof and --entry go together");
  EXPECT_EQ(chosen({"proof", "entry", "trust-state"}), "--trust-state does not go with --proof");
  EXPECT_EQ(chosen({"backup", "deep"}), "--deep does not go with --backup");
  EXPECT_TRUE(chosen({"key"}).starts_with("nothing to verify: give one of --"));
}

TEST(VerifyKinds, EveryFlagThatIsAllowedIsAFlag) {
  VerifyArgs args;
  const std::vector<Option> flags = verify_flags(args);
  EXPECT_TRUE(given_flags(flags).empty());
  args.key = "";
  args.deep = true;
  args.anchors = {"a"};
  EXPECT_EQ(given_flags(flags), (std::vector<std::string>{"key", "against", "deep"}));
  for (const VerifyKind& kind : file_kinds(open_tiles_directory)) {
    for (const auto& names : {kind.allows, kind.needs, {kind.flag}}) {
      for (const std::string& name : names) {
        EXPECT_TRUE(std::any_of(flags.begin(), flags.end(), [&](const Option& flag) {
          return flag.name == name;
        })) << name;
      }
    }
  }
}

TEST(ReportSummary, NothingThatWasCheckedBecomesMarkup) {
  VerifyReport report;
  report.checks = {{"entries", CheckState::kFail, "# x\n<img src=x>\n\n* `y`"}};
  report.verdict = Verdict::kFailed;
  const std::string text = report_to_summary({report, "<b>\n# title"});
  EXPECT_TRUE(text.starts_with("### phantom audit verify: FAILED\n\n    FAILED <b>"));
  std::size_t at = text.find("\n\n") + 2;
  for (; at + 1 < text.size(); at = text.find('\n', at) + 1) EXPECT_EQ(text.substr(at, 4), "    ");
}

}  // namespace
}  // namespace phantom::test
