#include "ledger/crc32c.h"

#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

// RocksDB's own declaration; the program must have one definition, and it must be ours.
namespace rocksdb::crc32c {
std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t bytes);
std::string IsFastCrc32Supported();
}  // namespace rocksdb::crc32c

namespace phantom::test {
namespace {

TEST(Crc32c, KnownAnswersOfRfc3720) {
  Bytes counting(32);
  for (std::size_t i = 0; i < counting.size(); ++i) counting[i] = static_cast<std::uint8_t>(i);
  for (const auto& checksum : {crc32c_extend, crc32c_portable}) {
    EXPECT_EQ(checksum(0, Bytes(32, 0x00)), 0x8a9136aaU);
    EXPECT_EQ(checksum(0, Bytes(32, 0xff)), 0x62a8ab43U);
    EXPECT_EQ(checksum(0, counting), 0x46dd794eU);
    EXPECT_EQ(checksum(0, as_bytes("123456789")), 0xe3069283U);
    EXPECT_EQ(checksum(0, {}), 0U);
  }
}

TEST(Crc32c, PartsGiveTheWholeHoweverItIsCut) {
  SeededRandom random(3);
  Bytes bytes(4'097);
  random.fill(bytes);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t cut = 0; cut < bytes.size(); cut += 1 + cut / 5) {
    const ByteView first = ByteView(bytes).first(cut);
    const ByteView second = ByteView(bytes).subspan(cut);
    EXPECT_EQ(crc32c_extend(crc32c(first), second), whole) << cut;
    EXPECT_EQ(crc32c_portable(crc32c_portable(0, first), second), whole) << cut;
    EXPECT_EQ(crc32c_combine(crc32c(first), crc32c(second), second.size()), whole) << cut;
  }
}

TEST(Crc32c, TheEngineUsesIt) {
  EXPECT_EQ(rocksdb::crc32c::Extend(0, "123456789", 9), 0xe3069283U);
  EXPECT_EQ(rocksdb::crc32c::IsFastCrc32Supported(), "Supported by phantom");
}

}  // namespace
}  // namespace phantom::test
