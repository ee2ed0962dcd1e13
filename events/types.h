#pragma once
// Value types every folder shares.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using Digest = std::array<std::uint8_t, 32>;   // SHA-256
using EventId = std::array<std::uint8_t, 16>;  // UUIDv7, the idempotency key of an event
using Seq = std::uint64_t;                     // index of an event in its ledger, from 0
using EventNo = std::uint16_t;                 // number of an event type in the catalogue

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(std::string_view text) {
  return Bytes(as_bytes(text).begin(), as_bytes(text).end());
}
inline Bytes to_bytes(ByteView view) { return Bytes(view.begin(), view.end()); }

}  // namespace phantom
