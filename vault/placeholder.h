#pragma once
// The worthless value that stands in .env for a secret: "phm_" and 64 lower-case hex digits. The
// first 56 are random; the last 8 are a checksum over them, so that a typo or a value cut short is
// told apart from a placeholder. Pure.

#include "events/random.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::string_view kPlaceholderPrefix = "phm_";
inline constexpr std::size_t kPlaceholderSize = 68;

std::string make_placeholder(Random& random);

// Exactly one placeholder, nothing around it, checksum right.
bool is_placeholder(std::string_view text);

// Starts like a placeholder but is none: mistyped, cut short or made by another program.
bool is_damaged_placeholder(std::string_view text);

// Offset of every placeholder in the text, in order. Placeholders never overlap.
std::vector<std::size_t> find_placeholder_offsets(std::string_view text);

// The placeholders themselves; the views point into `text`.
std::vector<std::string_view> find_placeholders(std::string_view text);

}  // namespace phantom
