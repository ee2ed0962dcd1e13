#pragma once
// Assertions that stay on. A failed one is a bug: it names the place and ends the process.

namespace phantom {

[[noreturn]] void check_failed(const char* condition, const char* message, const char* file,
                               int line);

}  // namespace phantom

#define PH_CHECK(condition, message)                                                    \
  do {                                                                                  \
    if (!(condition)) ::phantom::check_failed(#condition, message, __FILE__, __LINE__); \
  } while (false)
