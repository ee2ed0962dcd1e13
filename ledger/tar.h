#pragma once
// A tar archive that has exactly one form: POSIX ustar, ordinary files only, mode 0644, owner and
// time 0, two zero blocks at the end and nothing behind them. docs/FORMAT.md section 15. Pure.

#include "events/result.h"
#include "ledger/byte_source.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phantom::tar {

inline constexpr std::size_t kBlockBytes = 512;
inline constexpr std::size_t kEndBytes = 2 * kBlockBytes;  // zeros
inline constexpr std::uint64_t kMemberBytesMax = (std::uint64_t{1} << 33) - 1;
inline constexpr std::size_t kMembersMax = 10'000;

using Block = std::array<std::uint8_t, kBlockBytes>;

// Up to 100 of A-Z a-z 0-9 . _ - and /, in parts that are neither empty nor start with a dot.
bool is_member_name(std::string_view name);

// kInvalid: not a member's name. kLimit: more bytes than the format can say.
Result<Block> header(std::string_view name, std::uint64_t size);

// Zeros between a member's last byte and the next header.
std::size_t padding(std::uint64_t size);

struct Member {
  std::string name;
  std::uint64_t offset = 0;  // of its first byte
  std::uint64_t size = 0;
};

// All members, when the archive has the form above in every byte outside of them, and no name
// twice. kCorrupt: it has not. kIo.
Result<std::vector<Member>> read_archive(const ByteSource& source);

}  // namespace phantom::tar
