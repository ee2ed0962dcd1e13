#include "ledger/engine_crc32c.h"

#include "ledger/crc32c.h"

#include <cstdint>
#include <string>

// RocksDB 7.8's util/crc32c.h, whose header is not installed.
namespace rocksdb::crc32c {

std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t bytes);
std::string IsFastCrc32Supported();
std::uint32_t Crc32cCombine(std::uint32_t first, std::uint32_t second, std::size_t second_bytes);

std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t bytes) {
  return phantom::crc32c_extend(crc, phantom::as_bytes({data, bytes}));
}

std::string IsFastCrc32Supported() { return "Supported by phantom"; }

std::uint32_t Crc32cCombine(std::uint32_t first, std::uint32_t second, std::size_t second_bytes) {
  return phantom::crc32c_combine(first, second, second_bytes);
}

}  // namespace rocksdb::crc32c

namespace phantom {

void use_own_crc32c() {}

}  // namespace phantom
