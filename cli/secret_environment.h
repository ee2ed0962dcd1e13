#pragma once
// Which environment of the project's secrets a command works in: --env NAME, else PHANTOM_ENV, else
// dev. Nothing falls back from one environment to another.

#include "cli/command.h"
#include "events/result.h"

#include <optional>
#include <string>

namespace phantom {

// The option every command with secrets has.
Option environment_option(std::optional<std::string>* target);

// `variable` is PHANTOM_ENV's value, null when unset; an empty one counts as unset. kInvalid,
// saying which of the two is wrong, for what is no name of an environment.
Result<std::string> secret_environment(const std::optional<std::string>& option,
                                       const char* variable);

// NAME as people type it, with the environment it is in: "KEY" or "KEY in prod".
std::string spoken_secret_name(const std::string& full);

}  // namespace phantom
