#pragma once
// Names of secrets. A secret belongs to an environment; `dev` unless said otherwise. Its full name
// is NAME in dev and ENVIRONMENT/NAME elsewhere, so each secret has one spelling. The vault,
// events, tags and SecretInfo carry full names; dotenv files, routes and people say NAME. Nothing
// ever falls back from one environment to another. Pure.

#include <string>
#include <string_view>

namespace phantom {

inline constexpr std::string_view kDefaultEnvironment = "dev";
inline constexpr std::size_t kEnvironmentBytesMax = 32;
// Of a full name, so that a tag of project and name stays within its bound.
inline constexpr std::size_t kSecretNameBytesMax = 128;

// 1 to 32 of a-z, 0-9 and `-`.
bool is_valid_environment(std::string_view environment);

// A key (vault/dotenv.h), or a valid environment other than dev, `/` and a key; at most
// kSecretNameBytesMax bytes.
bool is_valid_secret_name(std::string_view full);

std::string full_secret_name(std::string_view environment, std::string_view name);

// The views point into `full`, but for kDefaultEnvironment.
struct SecretNameParts {
  std::string_view environment;
  std::string_view name;
};
SecretNameParts split_secret_name(std::string_view full);

}  // namespace phantom
