#pragma once
// A command as plain data: the parser, the help pages, the completion scripts and docs/COMMANDS.md
// all read it. Targets point into the command's own arguments, which `run` keeps alive.

#include "events/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace phantom {

class Environment;

// Where a parsed word goes. bool is a switch, a vector may be repeated, the rest take one value.
using Target = std::variant<bool*, std::string*, std::optional<std::string>*,
                            std::optional<std::uint64_t>*, std::vector<std::string>*>;

struct Option {
  std::string name;   // long form without dashes
  std::string value;  // what the help calls the value; empty for a switch
  std::string help;
  Target target;
  std::vector<std::string> choices = {};  // the only values accepted, when there are any
  char letter = 0;                        // short form
};

enum class Need { kRequired, kOptional };

struct Positional {
  std::string name;
  std::string help;
  Target target;
  Need need = Need::kRequired;
  std::vector<std::string> choices = {};
};

struct Command {
  std::vector<std::string> words;  // {"audit", "show"}; none when the program is the command
  std::string summary;             // one line, lower case
  std::string description;         // paragraphs of the help page
  std::vector<Option> options = {};
  std::vector<Positional> positionals = {};
  // A command line of another program, taken as it is. Starts after "--" or at the first word.
  std::vector<std::string>* rest = nullptr;
  // Said when there are more words than positionals. The words themselves are never repeated.
  std::string surplus_hint = {};
  // The exit code, or an error for the terminal.
  std::function<Result<int>(Environment&)> run = {};
  std::string program = "phantom";

  std::string name() const;        // "audit show"; the program's if it has no words
  std::string invocation() const;  // "phantom audit show"
  std::string group() const;       // "audit"; empty for a command of one word
};

// Words that only hold further commands: "audit", "audit anchor".
struct CommandGroup {
  std::string name;
  std::string summary;

  std::string word() const;   // its last one
  std::string above() const;  // the group it is in; empty for the first level
};

struct CommandTable {
  std::vector<CommandGroup> groups;
  std::vector<Command> commands;

  const Command* find(const std::vector<std::string>& words) const;
  bool is_group(std::string_view name) const;
};

}  // namespace phantom
