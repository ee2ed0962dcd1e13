#pragma once
// Help pages, made from the command table. Pure.

#include "cli/command.h"

#include <string>

namespace phantom {

std::string help_overview(const CommandTable& table);
std::string help_group(const CommandTable& table, const std::string& name);
std::string help_command(const Command& command);

// docs/COMMANDS.md, whole.
std::string commands_markdown(const CommandTable& table);

}  // namespace phantom
