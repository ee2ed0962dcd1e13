#include "events/check.h"

#include <cstdio>
#include <cstdlib>

namespace phantom {

void check_failed(const char* condition, const char* message, const char* file, int line) {
  std::fprintf(stderr, "phantom: bug: %s (%s) at %s:%d\n", message, condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace phantom
