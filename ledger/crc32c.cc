#include "ledger/crc32c.h"

#include <array>
#include <cstring>

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

namespace phantom {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected

// tables[k][b]: byte b followed by k zero bytes.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) * kPolynomial);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t below = tables[k - 1][byte];
      tables[k][byte] = tables[0][below & 0xff] ^ (below >> 8);
    }
  }
  return tables;
}
constexpr Tables kTables = make_tables();

std::uint64_t load64(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) std::uint32_t with_instruction(std::uint32_t crc,
                                                                 ByteView bytes) {
  std::uint64_t state = ~crc;
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) state = _mm_crc32_u64(state, load64(at));
  auto last = static_cast<std::uint32_t>(state);
  for (; left > 0; ++at, --left) last = _mm_crc32_u8(last, *at);
  return ~last;
}
#endif

// Vectors over GF(2): row i of a matrix is what bit i becomes.
using Matrix = std::array<std::uint32_t, 32>;

std::uint32_t times(const Matrix& matrix, std::uint32_t vector) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; vector != 0; ++i, vector >>= 1) {
    if ((vector & 1) != 0) sum ^= matrix[i];
  }
  return sum;
}

Matrix squared(const Matrix& matrix) {
  Matrix square{};
  for (std::size_t i = 0; i < square.size(); ++i) square[i] = times(matrix, matrix[i]);
  return square;
}

}  // namespace

std::uint32_t crc32c_portable(std::uint32_t crc, ByteView bytes) {
  std::uint32_t state = ~crc;
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load64(at) ^ state;
    state = 0;
    for (std::size_t i = 0; i < 8; ++i) state ^= kTables[7 - i][(word >> (8 * i)) & 0xff];
  }
  for (; left > 0; ++at, --left) state = kTables[0][(state ^ *at) & 0xff] ^ (state >> 8);
  return ~state;
}

std::uint32_t crc32c_extend(std::uint32_t crc, ByteView bytes) {
#ifdef __x86_64__
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return with_instruction(crc, bytes);
#endif
  return crc32c_portable(crc, bytes);
}

std::uint32_t crc32c_combine(std::uint32_t first, std::uint32_t second, std::size_t second_bytes) {
  // zeros[k]: what 2^k zero bytes do to a checksum.
  static const auto zeros = [] {
    std::array<Matrix, 64> made{};
    Matrix bit{};
    bit[0] = kPolynomial;
    for (std::size_t i = 1; i < bit.size(); ++i) bit[i] = std::uint32_t{1} << (i - 1);
    made[0] = squared(squared(squared(bit)));
    for (std::size_t k = 1; k < made.size(); ++k) made[k] = squared(made[k - 1]);
    return made;
  }();
  for (std::size_t k = 0; second_bytes != 0; ++k, second_bytes >>= 1) {
    if ((second_bytes & 1) != 0) first = times(zeros[k], first);
  }
  return first ^ second;
}

}  // namespace phantom
