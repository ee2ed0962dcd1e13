#pragma once
// Diagnostics for the person debugging phantom: off unless PHANTOM_LOG is set to debug, info or
// warn. They go to stderr, are escaped, and never carry a secret, a token or a query string.

#include <string_view>

namespace phantom::diag {

void debug(std::string_view text);
void info(std::string_view text);
void warn(std::string_view text);

}  // namespace phantom::diag
