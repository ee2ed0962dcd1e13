#include "cli/command.h"

#include <algorithm>

namespace phantom {

namespace {

std::string joined_words(const std::vector<std::string>& words, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : " ") + words[i];
  return text;
}

}  // namespace

std::string CommandGroup::word() const { return name.substr(name.rfind(' ') + 1); }

std::string CommandGroup::above() const {
  const std::size_t space = name.rfind(' ');
  return space == std::string::npos ? std::string() : name.substr(0, space);
}

std::string Command::name() const {
  return words.empty() ? program : joined_words(words, words.size());
}

std::string Command::invocation() const { return words.empty() ? program : program + " " + name(); }

std::string Command::group() const {
  return words.empty() ? std::string() : joined_words(words, words.size() - 1);
}

const Command* CommandTable::find(const std::vector<std::string>& words) const {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.words == words; });
  return found == commands.end() ? nullptr : &*found;
}

bool CommandTable::is_group(std::string_view name) const {
  return std::any_of(groups.begin(), groups.end(),
                     [&](const CommandGroup& group) { return group.name == name; });
}

}  // namespace phantom
