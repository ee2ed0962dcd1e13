#include "ledger/point.h"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace phantom {

#ifdef PHANTOM_POINTS

namespace {

std::atomic<std::uint64_t> passes_left{1};

std::size_t read_environment() {
  const char* const text = std::getenv("PHANTOM_POINT");
  if (text == nullptr || *text == '\0') return kPoints.size();
  const std::string_view whole = text;
  const std::size_t colon = whole.find(':');
  std::size_t index = 0;
  while (index < kPoints.size() && kPoints[index] != whole.substr(0, colon)) ++index;
  std::uint64_t passes = 1;
  bool good = index < kPoints.size();
  if (colon != std::string_view::npos) {
    const char* const end = whole.data() + whole.size();
    const auto parsed = std::from_chars(whole.data() + colon + 1, end, passes);
    good = good && parsed.ec == std::errc() && parsed.ptr == end && passes > 0;
  }
  if (!good) {
    std::fprintf(stderr, "phantom: PHANTOM_POINT=%s is not a point of this build\n", text);
    std::_Exit(70);
  }
  passes_left = passes;
  return index;
}

}  // namespace

bool points_built() { return true; }
const std::size_t point::armed = read_environment();

void point::pass() {
  if (passes_left.fetch_sub(1) == 1) std::raise(SIGKILL);
}

#else

bool points_built() { return false; }

#endif

}  // namespace phantom
