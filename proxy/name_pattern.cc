#include "proxy/name_pattern.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kPatternBytesMax = 128;

bool is_pattern_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-' || c == '*' || c == '?';
}

}  // namespace

Status check_name_pattern(std::string_view pattern) {
  const bool good = !pattern.empty() && pattern.size() <= kPatternBytesMax &&
                    std::all_of(pattern.begin(), pattern.end(), is_pattern_char);
  if (good) return {};
  return Error{
      Code::kInvalid,
      "\"" + escape_terminal(pattern.substr(0, kPatternBytesMax)) + "\" is no pattern for names",
      "a pattern is a name in which * stands for any characters and ? for one: STRIPE_*"};
}

bool fits_name_pattern(std::string_view name, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t wanted = 0;
  std::size_t star = std::string_view::npos;  // the last `*` seen, to come back to
  std::size_t resume = 0;
  while (at < name.size()) {
    if (wanted < pattern.size() && pattern[wanted] == '*') {
      star = wanted++;
      resume = at;
    } else if (wanted < pattern.size() && (pattern[wanted] == '?' || pattern[wanted] == name[at])) {
      ++at;
      ++wanted;
    } else if (star != std::string_view::npos) {
      wanted = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', wanted) == std::string_view::npos;
}

bool is_chosen(std::string_view name, const std::vector<std::string>& only,
               const std::vector<std::string>& except) {
  const auto fits = [name](const std::string& pattern) { return fits_name_pattern(name, pattern); };
  if (!only.empty() && std::none_of(only.begin(), only.end(), fits)) return false;
  return std::none_of(except.begin(), except.end(), fits);
}

}  // namespace phantom
