#include "cli/command.h"

#include <algorithm>

namespace phantom {

std::string Command::name() const {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text.empty() ? program : text;
}

std::string Command::invocation() const { return words.empty() ? program : program + " " + name(); }

const Command* CommandTable::find(const std::vector<std::string>& words) const {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.words == words; });
  return found == commands.end() ? nullptr : &*found;
}

bool CommandTable::is_group(std::string_view word) const {
  return std::any_of(groups.begin(), groups.end(),
                     [&](const CommandGroup& group) { return group.word == word; });
}

}  // namespace phantom
