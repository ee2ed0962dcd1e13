#pragma once
// CRC-32C (Castagnoli, RFC 3720 appendix B.4), as RocksDB's files use it. Pure; any thread.

#include "events/types.h"

#include <cstddef>

namespace phantom {

// The checksum of what `crc` is the checksum of, followed by `bytes`. Of nothing it is 0.
std::uint32_t crc32c_extend(std::uint32_t crc, ByteView bytes);
inline std::uint32_t crc32c(ByteView bytes) { return crc32c_extend(0, bytes); }

// The checksum of two parts, from the checksum of each and the length of the second.
std::uint32_t crc32c_combine(std::uint32_t first, std::uint32_t second, std::size_t second_bytes);

// Without the CPU's instruction; for tests.
std::uint32_t crc32c_portable(std::uint32_t crc, ByteView bytes);

}  // namespace phantom
