#include "cli/service_group.h"

#include "events/encoding.h"

#include <cerrno>
#include <charconv>
#include <grp.h>
#include <limits>
#include <optional>
#include <vector>

namespace phantom {
namespace {

constexpr std::size_t kGroupBytesMax = 1 << 20;

std::optional<std::uint32_t> number_in(const std::string& text) {
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc() || at != end) return std::nullopt;
  if (number == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return number;
}

}  // namespace

Result<std::uint32_t> group_id(const std::string& group) {
  if (const auto number = number_in(group)) return *number;
  ::group found{};
  ::group* result = nullptr;
  std::vector<char> buffer(4'096);
  int failed = 0;
  while ((failed = ::getgrnam_r(group.c_str(), &found, buffer.data(), buffer.size(), &result)) ==
             ERANGE &&
         buffer.size() < kGroupBytesMax) {
    buffer.resize(buffer.size() * 2);
  }
  if (failed == 0 && result != nullptr) return static_cast<std::uint32_t>(found.gr_gid);
  return Error{Code::kNotFound, "there is no group " + escape_terminal(group),
               "make it: groupadd --system GROUP"};
}

Result<std::uint32_t> user_id(const std::string& uid) {
  if (const auto number = number_in(uid)) return *number;
  return Error{Code::kInvalid, "--allow-uid needs a number, not " + escape_terminal(uid),
               "id -u USER prints it"};
}

}  // namespace phantom
