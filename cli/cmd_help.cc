#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/help.h"
#include "events/encoding.h"

namespace phantom {

Command help_command_entry() {
  struct Args {
    std::string first;
    std::string second;
    std::string third;
    bool markdown = false;
    bool all = false;
  };
  const auto args = std::make_shared<Args>();
  Command command;
  command.words = {"help"};
  command.summary = "explain a command";
  command.description =
      "Without arguments lists the commands; with the words of a command explains that one.";
  command.options = {{"all", "", "every page, one after the other", &args->all},
                     {"markdown", "", "every page, as docs/COMMANDS.md", &args->markdown}};
  command.positionals = {
      {"COMMAND", "first word of a command", &args->first, Need::kOptional},
      {"SUBCOMMAND", "second word, after audit or ledger", &args->second, Need::kOptional},
      {"SUBCOMMAND2", "third word, after audit anchor", &args->third, Need::kOptional}};
  command.run = [args](Environment& environment) -> Result<int> {
    const CommandTable& table = environment.commands();
    Output& out = environment.out();
    if (args->markdown) {
      out.result(commands_markdown(table));
    } else if (args->all) {
      out.result(help_overview(table));
      for (const CommandGroup& group : table.groups) {
        out.result("\n" + help_group(table, group.name));
      }
      for (const Command& each : table.commands) out.result("\n" + help_command(each));
    } else if (args->first.empty()) {
      out.result(help_overview(table));
    } else {
      std::vector<std::string> words = {args->first};
      std::string name = args->first;
      for (const std::string& word : {args->second, args->third}) {
        if (word.empty()) break;
        words.push_back(word);
        name += " " + word;
      }
      if (const Command* found = table.find(words)) {
        out.result(help_command(*found));
      } else if (table.is_group(name)) {
        out.result(help_group(table, name));
      } else {
        out.note("there is no such command");
        out.hint("phantom help lists the commands");
        return kExitUsage;
      }
    }
    return kExitOk;
  };
  return command;
}

}  // namespace phantom
