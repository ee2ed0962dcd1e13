#include "events/random.h"

#include "events/check.h"

#include <sodium.h>

namespace phantom {
namespace {

class SystemRandom final : public Random {
 public:
  SystemRandom() { PH_CHECK(sodium_init() >= 0, "libsodium does not start"); }
  void fill(std::span<std::uint8_t> out) override { randombytes_buf(out.data(), out.size()); }
};

}  // namespace

Random& system_random() {
  static SystemRandom random;
  return random;
}

EventId make_event_id(const Clock& clock, Random& random) {
  EventId id{};
  random.fill(id);
  const auto ms = static_cast<std::uint64_t>(clock.wall_ns() / 1'000'000);
  for (std::size_t i = 0; i < 6; ++i) id[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  id[6] = static_cast<std::uint8_t>((id[6] & 0x0f) | 0x70);
  id[8] = static_cast<std::uint8_t>((id[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace phantom
