#include "cli/approval_text.h"

#include "cli/approval_notice.h"

#include <gtest/gtest.h>

#include <map>

namespace phantom {
namespace {

TEST(ApprovalText, NothingHostileReachesTheTerminal) {
  const std::pair<std::string, std::string> rows[] = {
      {"plain text, 'quoted'", "plain text, 'quoted'"},
      {"\x1b[2Jcleared\x07", "\\u{001b}[2Jcleared\\u{0007}"},
      {"a\r\nTool: other", "a\\u{000d}\\u{000a}Tool: other"},
      {"\u202egnp.exe", "\\u{202e}gnp.exe"},  // turns the direction
      {"in\u200bvisible\ufeff", "in\\u{200b}visible\\u{feff}"},
      {"\U000E0041", "\\u{e0041}"},  // a tag character
      {"K\u0415Y", "K\\u{0415}Y"},   // a Cyrillic letter
      {"e\u0301", "e\\u{0301}"},
      {"\xff\xc3", "\\xff\\xc3"},
      {"back\\slash \\u{202e}", "back\\\\slash \\\\u{202e}"},
      {std::string("nul\0x", 5), "nul\\u{0000}x"},
      {"\x7f\xc2\x9b", "\\u{007f}\\u{009b}"},
  };
  for (const auto& [raw, shown] : rows) EXPECT_EQ(visible_text(raw), shown);
}

TEST(ApprovalText, ArgumentsOneMemberALine) {
  EXPECT_EQ(arguments_lines(R"({"count":3,"names":["A","B"],"to":"x"})", Length::kCut),
            "    count = 3\n    names = [\"A\",\"B\"]\n    to = \"x\"\n");
  EXPECT_EQ(arguments_lines("{}", Length::kCut), "    (none)\n");
  EXPECT_EQ(arguments_lines("not json\x1b", Length::kCut), "    not json\\u{001b}\n");
  EXPECT_EQ(arguments_lines("{\"a\\n\":\"b\\u202e\"}", Length::kCut),
            "    a\\u{000a} = \"b\\u{202e}\"\n");
}

TEST(ApprovalText, LongArgumentsAreCutAndSaySo) {
  const std::string json = "{\"v\":\"" + std::string(1'000, 'x') + "\"}";
  const std::string cut = arguments_lines(json, Length::kCut);
  EXPECT_NE(cut.find("... (1002 bytes, cut; --full shows all)"), std::string::npos);
  EXPECT_LT(cut.size(), 400U);
  EXPECT_NE(arguments_lines(json, Length::kFull).find(std::string(1'000, 'x')), std::string::npos);
}

TEST(ApprovalText, ThePageSaysWhatWillHappen) {
  Approval approval;
  approval.id = "0123-4567-89ab";
  approval.tool = "phantom_sync";
  approval.secret_names = {"KEY", "prod/KEY"};
  approval.hosts = {"api.example.com"};
  approval.agent_tool = "claude-code";
  approval.session = "m1";
  approval.project = "demo";
  approval.asked_ns = 0;
  approval.expires_ns = kQuestionNs;
  Asker asker;
  asker.chain.resize(2);
  asker.chain[0].pid = 40;
  asker.chain[0].name = "phantom";
  asker.chain[1].pid = 35;
  asker.chain[1].name = "claude";
  const ShownApproval shown{&approval, R"({"only":["KEY"]})", &asker, 14 * kSecondNs};
  EXPECT_EQ(approval_page(shown, Length::kCut),
            "  Tool        phantom_sync\n"
            "  Arguments\n"
            "    only = [\"KEY\"]\n"
            "  Secrets     KEY, KEY in prod\n"
            "  Hosts       api.example.com\n"
            "  Asked by    claude-code, process 40 started by claude (process 35)\n"
            "  Session     m1\n"
            "  Project     demo\n"
            "  Asked       14 s ago\n"
            "  Answer      within 9 min 46 s\n"
            "  Use         once, within 5 min of the answer\n");
}

TEST(ApprovalText, Lengths) {
  EXPECT_EQ(length_words(-5), "0 s");
  EXPECT_EQ(length_words(59 * kSecondNs), "59 s");
  EXPECT_EQ(length_words(3'600 * kSecondNs), "1 h");
  EXPECT_EQ(length_words(90'000 * kSecondNs), "1 d 1 h");
  EXPECT_EQ(*parse_length("30m"), 1'800 * kSecondNs);
  EXPECT_EQ(*parse_length("2h"), 7'200 * kSecondNs);
  EXPECT_EQ(*parse_length("7d"), 604'800 * kSecondNs);
  for (const char* wrong : {"", "h", "2", "0h", "-1h", "2 h", "2w", "1.5h", "999999999d"}) {
    EXPECT_FALSE(parse_length(wrong).ok()) << wrong;
  }
}

TEST(ApprovalNotice, SaysNoMoreThanToolAndId) {
  std::map<std::string, std::string> variables = {{"HOME", "/home/u"},
                                                  {"PHANTOM_VAULT_PASSPHRASE", "not for others"}};
  const ReadVariable read = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  EXPECT_FALSE(approval_notice(read, "0123-4567-89ab", "phantom_sync"));
  variables["WAYLAND_DISPLAY"] = "wayland-0";
  const auto run = approval_notice(read, "0123-4567-89ab", "phantom_sync");
  ASSERT_TRUE(run);
  EXPECT_EQ(run->argv[0], "notify-send");
  EXPECT_EQ(run->argv.back(), "phantom_sync: phantom approve 0123-4567-89ab");
  EXPECT_EQ(run->environment,
            (std::vector<std::string>{"WAYLAND_DISPLAY=wayland-0", "HOME=/home/u"}));
  EXPECT_FALSE(approval_notice(read, "0123-4567-89ab", "<b>tool</b>"));
  EXPECT_FALSE(approval_notice(read, "$(id)", "phantom_sync"));
}

}  // namespace
}  // namespace phantom
