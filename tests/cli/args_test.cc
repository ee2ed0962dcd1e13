#include "cli/args.h"

#include "cli/wiring.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

struct ArgsProbe {
  bool json = false;
  std::string name;
  std::string mode;
  std::optional<std::string> file;
  std::optional<std::uint64_t> last;
  std::vector<std::string> types;
  std::vector<std::string> rest;
  CommandTable table;

  ArgsProbe() {
    table.groups = {{"group", "a group"}, {"group inner", "a group in it"}};
    Command show;
    show.words = {"group", "show"};
    show.options = {{"json", "", "", &json},
                    {"file", "F", "", &file},
                    {"last", "N", "", &last, {}, 'n'},
                    {"mode", "M", "", &mode, {"a", "b"}},
                    {"type", "T", "", &types}};
    Command add;
    add.words = {"add"};
    add.positionals = {{"NAME", "", &name}};
    add.options = {{"json", "", "", &json}};
    add.surplus_hint = "no value here";
    Command run;
    run.words = {"exec"};
    run.rest = &rest;
    run.options = {
        {"json", "", "", &json}, {"file", "F", "", &file}, {"last", "N", "", &last, {}, 'n'}};
    Command deep;
    deep.words = {"group", "inner", "list"};
    deep.options = {{"json", "", "", &json}};
    table.commands = {show, add, run, deep};
  }

  std::string error(const std::vector<std::string>& args) {
    const auto parsed = parse_args(table, args);
    return parsed.ok() ? "" : parsed.error().message + "|" + parsed.error().hint;
  }
};

TEST(Args, FillsTheTargetsOfTheNamedCommand) {
  ArgsProbe probe;
  const auto parsed = parse_args(probe.table, {"group", "show", "--json", "--file=x", "-n", "3",
                                               "--type", "a", "--type", "b", "--mode", "b"});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->run, &probe.table.commands[0]);
  EXPECT_TRUE(probe.json);
  EXPECT_EQ(probe.file, "x");
  EXPECT_EQ(probe.last, 3U);
  EXPECT_EQ(probe.mode, "b");
  EXPECT_EQ(probe.types, (std::vector<std::string>{"a", "b"}));
}

TEST(Args, ValueOfAnOptionBeforeAnotherProgramsCommandLineIsNotItsFirstWord) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"exec", "--file", "x", "-n", "3", "--json", "curl", "--file", "y"},
        {"exec", "--file=x", "--last=3", "--json", "--", "curl", "--file", "y"}}) {
    ArgsProbe probe;
    ASSERT_TRUE(parse_args(probe.table, words).ok());
    EXPECT_EQ(probe.file, "x");
    EXPECT_EQ(probe.last, 3U);
    EXPECT_EQ(probe.rest, (std::vector<std::string>{"curl", "--file", "y"}));
  }
  ArgsProbe probe;
  EXPECT_FALSE(parse_args(probe.table, {"exec", "--file"}).ok());
}

TEST(Args, FindsCommandsInGroupsOfGroups) {
  ArgsProbe probe;
  const auto parsed = parse_args(probe.table, {"group", "inner", "list", "--json"});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->run, &probe.table.commands[3]);
  EXPECT_TRUE(probe.json);
  EXPECT_EQ(parse_args(probe.table, {"group", "inner"})->help_for,
            (std::vector<std::string>{"group", "inner"}));
  EXPECT_EQ(probe.error({"group", "inner", "add"}),
            "there is no command \"group inner add\"|phantom --help shows how it is used");
}

TEST(Args, NeverRepeatsASurplusWord) {
  ArgsProbe probe;
  const std::string error = probe.error({"add", "KEY", "example-not-a-real-key-000"});
  EXPECT_EQ(error, "too many words for add|no value here");
}

TEST(Args, NeverRepeatsTheValueOfAnUnknownOption) {
  ArgsProbe probe;
  const std::string error = probe.error({"add", "KEY", "--value=example-not-a-real-key-000"});
  EXPECT_EQ(error.find("example-not"), std::string::npos);
  EXPECT_NE(error.find("--value"), std::string::npos);
}

TEST(Args, SaysWhatIsMissing) {
  ArgsProbe probe;
  EXPECT_EQ(probe.error({"add"}), "add needs NAME|phantom add --help shows how it is used");
}

TEST(Args, RefusesWordsThatAreNoNumber) {
  ArgsProbe probe;
  for (const char* word : {"x", "-1", "1.5", "01", "99999999999999999999", ""}) {
    EXPECT_NE(probe.error({"group", "show", std::string("--last=") + word}), "") << word;
  }
}

TEST(Args, RefusesAChoiceThatIsNone) {
  ArgsProbe probe;
  EXPECT_NE(probe.error({"group", "show", "--mode", "c"}).find("a, b"), std::string::npos);
}

TEST(Args, RefusesAnOptionGivenTwice) {
  ArgsProbe probe;
  EXPECT_NE(probe.error({"group", "show", "--file", "a", "--file", "b"}), "");
}

TEST(Args, TakesTheOtherCommandLineAsItIs) {
  ArgsProbe probe;
  const auto parsed =
      parse_args(probe.table, {"exec", "--json", "--", "curl", "--help", "--", "-x"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->run, &probe.table.commands[2]);
  EXPECT_EQ(probe.rest, (std::vector<std::string>{"curl", "--help", "--", "-x"}));
  EXPECT_TRUE(probe.json);
}

TEST(Args, StartsTheOtherCommandLineAtItsFirstWord) {
  ArgsProbe probe;
  ASSERT_TRUE(parse_args(probe.table, {"exec", "curl", "-h"}).ok());
  EXPECT_EQ(probe.rest, (std::vector<std::string>{"curl", "-h"}));
}

TEST(Args, ShowsHelpEvenWhenSomethingIsMissing) {
  ArgsProbe probe;
  const auto command = parse_args(probe.table, {"add", "--help"});
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command->help_for, std::vector<std::string>{"add"});
  const auto group = parse_args(probe.table, {"group"});
  ASSERT_TRUE(group.ok());
  EXPECT_EQ(group->help_for, std::vector<std::string>{"group"});
}

TEST(Args, RefusesUnknownCommands) {
  ArgsProbe probe;
  EXPECT_NE(probe.error({"nosuch"}), "");
  EXPECT_NE(probe.error({"group", "nosuch"}), "");
  EXPECT_NE(probe.error({"group", "--json"}), "");
}

TEST(Wiring, EveryCommandHasWordsSummaryAndAction) {
  const CommandTable table = make_command_table();
  for (const Command& command : table.commands) {
    EXPECT_FALSE(command.words.empty());
    EXPECT_LE(command.words.size(), 3U);
    EXPECT_FALSE(command.summary.empty()) << command.name();
    EXPECT_FALSE(command.description.empty()) << command.name();
    EXPECT_TRUE(command.run) << command.name();
    EXPECT_EQ(table.find(command.words), &command) << "two commands named " << command.name();
    if (command.words.size() == 2) {
      EXPECT_TRUE(table.is_group(command.words[0])) << command.name();
    }
  }
}

}  // namespace
}  // namespace phantom
