#pragma once
// Patterns over names of secrets: `*` is any run of characters, `?` is one, all else is itself.
// Pure.

#include "events/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// kInvalid, quoting it, for a pattern that can fit no name: empty, longer than 128 bytes, or with
// anything but letters, digits, `_`, `.`, `-`, `*` and `?`. A pattern that is dropped silently
// would let everything through.
Status check_name_pattern(std::string_view pattern);

bool fits_name_pattern(std::string_view name, std::string_view pattern);

// One of `only`, or anything when there are none; and none of `except`.
bool is_chosen(std::string_view name, const std::vector<std::string>& only,
               const std::vector<std::string>& except);

}  // namespace phantom
