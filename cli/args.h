#pragma once
// The command line, turned into one command with its targets filled. args.cc is the only file that
// knows the parsing library.

#include "cli/command.h"

#include <string>
#include <vector>

namespace phantom {

// Exactly one of `run`, `help_for` and `version` says what to do; none means print the overview.
struct ParsedArgs {
  const Command* run = nullptr;
  std::vector<std::string> help_for = {};  // words of a command or group
  bool version = false;
};

// `args` without the program's name. kInvalid for a usage error; its message never repeats a word
// that could be a secret put on the command line by mistake.
Result<ParsedArgs> parse_args(const CommandTable& table, const std::vector<std::string>& args);
// The same for a program that is one command: without `run` and `version` its help is wanted.
Result<ParsedArgs> parse_args(const Command& program, const std::vector<std::string>& args);

}  // namespace phantom
