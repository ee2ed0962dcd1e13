#pragma once
// Golden files: what the program is expected to write, kept under tests/golden. With
// PHANTOM_UPDATE_GOLDEN=1 a test writes the file anew instead of comparing; review the diff.

#include <string>
#include <string_view>

namespace phantom {

// Expects `actual` to be the content of tests/golden/<name>.
void expect_golden(std::string_view name, std::string_view actual);

std::string read_golden(std::string_view name);

}  // namespace phantom
