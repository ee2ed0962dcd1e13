#pragma once
// The commands of phantom, in the order the help shows them.

#include "cli/command.h"

namespace phantom {

CommandTable make_command_table();

}  // namespace phantom
