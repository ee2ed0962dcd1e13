#include "vault/secret_name.h"

#include "vault/dotenv.h"

#include <algorithm>

namespace phantom {

static_assert(kSecretNameBytesMax == kKeyBytesMax);

bool is_valid_environment(std::string_view environment) {
  return !environment.empty() && environment.size() <= kEnvironmentBytesMax &&
         std::all_of(environment.begin(), environment.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

bool is_valid_secret_name(std::string_view full) {
  if (full.size() > kSecretNameBytesMax) return false;
  const std::size_t slash = full.find('/');
  if (slash == std::string_view::npos) return is_valid_key(full);
  const std::string_view environment = full.substr(0, slash);
  return environment != kDefaultEnvironment && is_valid_environment(environment) &&
         is_valid_key(full.substr(slash + 1));
}

std::string full_secret_name(std::string_view environment, std::string_view name) {
  if (environment == kDefaultEnvironment) return std::string(name);
  return std::string(environment) + '/' + std::string(name);
}

SecretNameParts split_secret_name(std::string_view full) {
  const std::size_t slash = full.find('/');
  if (slash == std::string_view::npos) return {kDefaultEnvironment, full};
  return {full.substr(0, slash), full.substr(slash + 1)};
}

}  // namespace phantom
