#pragma once
// The same random bytes in every run. For tests only: anybody can guess them.

#include "events/random.h"

#include <random>

namespace phantom {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}

  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(engine_() >> 32);
  }
  // 0 <= value < bound
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace phantom
