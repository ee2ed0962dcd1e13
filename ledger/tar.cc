#include "ledger/tar.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace phantom::tar {
namespace {

constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSizeDigits = 11;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumBytes = 8;

void put_text(Block& block, std::size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
}

void put_octal(Block& block, std::size_t at, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = digits; i-- > 0; value >>= 3) {
    block[at + i] = static_cast<std::uint8_t>('0' + (value & 7));
  }
}

std::optional<std::uint64_t> octal(ByteView text) {
  std::uint64_t value = 0;
  for (const std::uint8_t c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value << 3 | static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

Error corrupt(std::string why) { return {Code::kCorrupt, std::move(why)}; }

std::string at_byte(std::uint64_t offset) { return " at byte " + std::to_string(offset); }

}  // namespace

bool is_member_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytes) return false;
  char before = '/';
  for (const char c : name) {
    const bool word = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
    if (!word && c != '.' && c != '/') return false;
    if (before == '/' && !word) return false;
    before = c;
  }
  return before != '/';
}

Result<Block> header(std::string_view name, std::uint64_t size) {
  if (!is_member_name(name)) {
    return Error{Code::kInvalid, "a member of an archive cannot be called " + std::string(name)};
  }
  if (size > kMemberBytesMax) {
    return Error{Code::kLimit,
                 std::string(name) + " would have 8 GiB or more, which a tar cannot hold",
                 "narrow the period down and make more than one"};
  }
  Block block{};
  put_text(block, 0, name);
  put_text(block, 100, "0000644");  // mode
  put_text(block, 108, "0000000");  // uid
  put_text(block, 116, "0000000");  // gid
  put_octal(block, kSizeAt, kSizeDigits, size);
  put_text(block, 136, "00000000000");  // time
  block[156] = '0';                     // an ordinary file
  put_text(block, 257,
           std::string_view("ustar\0"
                            "00",
                            8));
  put_text(block, 329, "0000000");  // device numbers
  put_text(block, 337, "0000000");
  // The checksum is that of the header with blanks in its place.
  std::fill_n(block.begin() + kChecksumAt, kChecksumBytes, std::uint8_t{' '});
  std::uint64_t sum = 0;
  for (const std::uint8_t byte : block) sum += byte;
  put_octal(block, kChecksumAt, 6, sum);
  block[kChecksumAt + 6] = 0;
  return block;
}

std::size_t padding(std::uint64_t size) {
  return static_cast<std::size_t>((kBlockBytes - size % kBlockBytes) % kBlockBytes);
}

Result<std::vector<Member>> read_archive(const ByteSource& source) {
  std::vector<Member> members;
  std::set<std::string, std::less<>> names;
  std::uint64_t at = 0;
  while (true) {
    const std::uint64_t left = source.size() - at;
    if (left < kEndBytes) return corrupt("the archive is cut off" + at_byte(at));
    Block block;
    PH_TRY(source.read(at, block));
    if (is_zero(block)) {
      PH_TRY(source.read(at + kBlockBytes, block));
      if (!is_zero(block)) return corrupt("one zero block and not two" + at_byte(at));
      if (left != kEndBytes) return corrupt("bytes after the end" + at_byte(at + kEndBytes));
      return members;
    }
    const auto name_end = std::find(block.begin(), block.begin() + kNameBytes, std::uint8_t{0});
    const std::string name(block.begin(), name_end);
    const auto size = octal(ByteView(block).subspan(kSizeAt, kSizeDigits));
    if (!is_member_name(name) || !size) return corrupt("a malformed header" + at_byte(at));
    PH_ASSIGN(const Block expected, header(name, *size));
    if (block != expected)
      return corrupt("the header of " + name + " has another form" + at_byte(at));
    if (!names.insert(name).second) return corrupt(name + " is there twice");
    if (members.size() == kMembersMax) return corrupt("over 10,000 members");
    const std::uint64_t gap = padding(*size);
    if (left - kBlockBytes < *size + gap) return corrupt(name + " is cut off");
    members.push_back({name, at + kBlockBytes, *size});
    at += kBlockBytes + *size;
    if (gap > 0) {
      Block zeros{};
      PH_TRY(source.read(at, std::span(zeros).first(static_cast<std::size_t>(gap))));
      if (!is_zero(zeros)) return corrupt("bytes after the end of " + name);
    }
    at += gap;
  }
}

}  // namespace phantom::tar
