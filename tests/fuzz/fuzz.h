#pragma once
// What the fuzz targets share. A target is one file, <name>_fuzz.cc, with LLVMFuzzerTestOneInput in
// it; a broken property is a failed PH_CHECK. Runs under replay_main.cc and under libFuzzer.

#include "events/check.h"
#include "events/encoding.h"
#include "events/types.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace phantom::fuzz {

// Takes decisions off the front of an input. Past the end everything is zero and empty.
class Choices {
 public:
  explicit Choices(ByteView bytes) : rest_(bytes) {}

  std::uint8_t u8() {
    const ByteView one = take(1);
    return one.empty() ? std::uint8_t{0} : one[0];
  }
  std::uint16_t u16() { return static_cast<std::uint16_t>(u8() << 8 | u8()); }
  // 0 <= value < bound, for bounds up to 65,536.
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : u16() % bound; }
  ByteView take(std::size_t size) {
    const ByteView taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  ByteView rest() const { return rest_; }

 private:
  ByteView rest_;
};

// `bytes` with the choices' next byte XORed in at a place of their choosing; never the same bytes.
inline Bytes with_one_byte_changed(ByteView bytes, Choices& choices) {
  Bytes changed = to_bytes(bytes);
  if (changed.empty()) return Bytes(1);
  const std::size_t at = choices.below(std::min<std::size_t>(changed.size(), 65'536));
  const std::uint8_t mask = choices.u8();
  changed[at] = static_cast<std::uint8_t>(changed[at] ^ (mask == 0 ? 1 : mask));
  return changed;
}

// True for text that can be shown as it is: strict UTF-8, one line, nothing a terminal acts on.
inline bool is_printable_line(std::string_view text) { return escape_terminal(text) == text; }

}  // namespace phantom::fuzz
