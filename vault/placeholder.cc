#include "vault/placeholder.h"

#include "events/encoding.h"
#include "events/sha256.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

constexpr std::size_t kRandomBytes = 28;
constexpr std::size_t kBodySize = 2 * kRandomBytes;
constexpr std::size_t kChecksumBytes = 4;

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::string checksum(std::string_view body) {
  const Digest digest = sha256({as_bytes("phantom placeholder v1"), as_bytes(body)});
  return to_hex(ByteView(digest).first(kChecksumBytes));
}

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

std::string make_placeholder(Random& random) {
  std::array<std::uint8_t, kRandomBytes> bytes{};
  random.fill(bytes);
  const std::string body = to_hex(bytes);
  return std::string(kPlaceholderPrefix) + body + checksum(body);
}

bool is_placeholder(std::string_view text) {
  if (text.size() != kPlaceholderSize || !text.starts_with(kPlaceholderPrefix)) return false;
  const std::string_view digits = text.substr(kPlaceholderPrefix.size());
  return std::all_of(digits.begin(), digits.end(), is_lower_hex) &&
         checksum(digits.substr(0, kBodySize)) == digits.substr(kBodySize);
}

bool is_damaged_placeholder(std::string_view text) {
  return text.starts_with(kPlaceholderPrefix) && !is_placeholder(text);
}

std::vector<std::size_t> find_placeholder_offsets(std::string_view text) {
  std::vector<std::size_t> offsets;
  std::size_t at = 0;
  while ((at = text.find(kPlaceholderPrefix, at)) != std::string_view::npos) {
    const std::size_t end = at + kPlaceholderSize;
    const bool alone = end >= text.size() || !is_word(text[end]);
    if (alone && is_placeholder(text.substr(at, kPlaceholderSize))) {
      offsets.push_back(at);
      at = end;
    } else {
      at += kPlaceholderPrefix.size();
    }
  }
  return offsets;
}

std::vector<std::string_view> find_placeholders(std::string_view text) {
  std::vector<std::string_view> found;
  for (const std::size_t offset : find_placeholder_offsets(text)) {
    found.push_back(text.substr(offset, kPlaceholderSize));
  }
  return found;
}

}  // namespace phantom
