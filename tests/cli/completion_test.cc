#include "cli/completion.h"

#include "cli/wiring.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(Completion, KnowsEveryCommandAndOptionInEveryShell) {
  const CommandTable table = make_command_table();
  for (const std::string_view shell : kShells) {
    const std::string script = completion_script(table, shell);
    for (const Command& command : table.commands) {
      for (const std::string& word : command.words) {
        EXPECT_NE(script.find(word), std::string::npos) << shell << " " << word;
      }
      for (const Option& option : command.options) {
        const std::string wanted = shell == "fish" ? "-l " + option.name : "--" + option.name;
        EXPECT_NE(script.find(wanted), std::string::npos) << shell << " " << option.name;
      }
    }
  }
}

TEST(Completion, QuotesWhatAShellWouldRead) {
  CommandTable table;
  bool flag = false;
  Command command;
  command.words = {"go"};
  command.summary = "don't $(stop)";
  command.options = {{"fast", "", "it's `quick`", &flag}};
  table.commands = {command};
  const std::string script = completion_script(table, "fish");
  EXPECT_NE(script.find("'don\\'t $(stop)'"), std::string::npos);
  EXPECT_NE(script.find("'it\\'s `quick`'"), std::string::npos);
}

}  // namespace
}  // namespace phantom
