#include "cli/secret_environment.h"

#include "events/encoding.h"
#include "vault/secret_name.h"

namespace phantom {

Option environment_option(std::optional<std::string>* target) {
  return {"env", "NAME", "environment of the secrets; PHANTOM_ENV or dev if not given", target};
}

Result<std::string> secret_environment(const std::optional<std::string>& option,
                                       const char* variable) {
  const bool set = variable != nullptr && *variable != '\0';
  const std::string chosen = option ? *option : set ? variable : std::string(kDefaultEnvironment);
  if (is_valid_environment(chosen)) return chosen;
  return Error{Code::kInvalid,
               std::string(option ? "--env" : "PHANTOM_ENV") + " is \"" + escape_terminal(chosen) +
                   "\", which is no name of an environment",
               "use 1 to 32 of a-z, 0-9 and '-', for example prod"};
}

std::string spoken_secret_name(const std::string& full) {
  const SecretNameParts parts = split_secret_name(full);
  if (parts.environment == kDefaultEnvironment) return full;
  return std::string(parts.name) + " in " + std::string(parts.environment);
}

}  // namespace phantom
