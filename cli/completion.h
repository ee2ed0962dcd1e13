#pragma once
// Shell completion scripts, made from the command table. Pure.

#include "cli/command.h"

#include <string>
#include <string_view>

namespace phantom {

inline constexpr std::string_view kShells[] = {"bash", "zsh", "fish"};

// `shell` is one of kShells.
std::string completion_script(const CommandTable& table, std::string_view shell);

}  // namespace phantom
