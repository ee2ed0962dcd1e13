#pragma once
// A name that is given a value, in whatever language the text is: NAME=value, name: "value",
// set("NAME", 'value'), "name": "value", a "value" on the line after a "name". Pure.

#include "vault/secret_finder.h"

#include <optional>
#include <string_view>

namespace phantom {

struct Assignment {
  std::string_view name;
  std::string_view value;  // without quotes, and without "Bearer " and the like
  bool quoted = false;
  bool apart = true;  // the name does not go on to the left, as that in a:secret:b does
};

// The assignment whose name has the word of `size` bytes at `at` in it. The views point into
// `text`; nothing at or after `end` is looked at.
std::optional<Assignment> assignment_at(std::string_view text, std::size_t at, std::size_t size,
                                        std::size_t end);

// The name that the value at `at` is assigned to; empty when it is not, or when the name could be
// a secret itself.
std::string_view name_before(std::string_view text, std::size_t at);

// Could a value of no known shape under this name (lower case) be a secret? Says no to what only
// looks random: digests, ids, encrypted values, references to where the secret is.
bool is_secret_text(std::string_view name, std::string_view value);

}  // namespace phantom
