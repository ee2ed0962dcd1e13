#include "events/random.h"

#include "events/check.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <unistd.h>

namespace phantom {
namespace {

class SystemRandom final : public Random {
 public:
  SystemRandom() { PH_CHECK(sodium_init() >= 0, "libsodium does not start"); }
  void fill(std::span<std::uint8_t> out) override {
    if (out.size() > kSmallBytesMax) return randombytes_buf(out.data(), out.size());
    // A call of the kernel for each event id would cost more than the id. Every byte is given out
    // once and wiped; a forked child makes a pool of its own.
    thread_local Pool pool;
    pool.take(out);
  }

 private:
  static constexpr std::size_t kSmallBytesMax = 16;

  class Pool {
   public:
    ~Pool() { sodium_memzero(bytes_.data(), bytes_.size()); }
    void take(std::span<std::uint8_t> out) {
      if (const pid_t pid = ::getpid(); left_ < out.size() || owner_ != pid) {
        randombytes_buf(bytes_.data(), bytes_.size());
        left_ = bytes_.size();
        owner_ = pid;
      }
      left_ -= out.size();
      std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(left_), out.size(), out.begin());
      sodium_memzero(bytes_.data() + left_, out.size());
    }

   private:
    std::array<std::uint8_t, 1'024> bytes_{};
    std::size_t left_ = 0;
    pid_t owner_ = 0;
  };
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
