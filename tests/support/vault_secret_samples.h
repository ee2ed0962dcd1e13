#pragma once
// Values that look like secrets and belong to nobody: made anew in every run from a seed, so that
// no file of this tree holds one.

#include "vault/secret_rules.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace phantom {

// `size` characters of an alphabet of vault/secret_rules.h.
std::string random_text(char alphabet, std::size_t size, std::uint64_t seed);

// With the last 6 characters as the checksum of the 30 before them; computed bit by bit here,
// apart from the code under test.
std::string with_crc62(std::string value);

std::string random_jwt(std::string_view claims, std::uint64_t seed);
std::string random_pem(std::string_view kind, std::uint64_t seed);

// A line of text that has a value of this rule in it, and the value.
struct SecretSample {
  std::string line;
  std::string value;
};
SecretSample sample_of(const SecretRule& rule, std::uint64_t seed);

}  // namespace phantom
