#include "events/random.h"

#include "tests/support/fake_clock.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

#include <set>

namespace phantom {
namespace {

std::uint64_t first_48_bits(const EventId& id) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 6; ++i) value = value << 8 | id[i];
  return value;
}

// RFC 9562 section 5.7.
TEST(EventIdentifier, IsAVersion7Uuid) {
  const FakeClock clock;
  SeededRandom random(3);
  for (int i = 0; i < 100; ++i) {
    const EventId id = make_event_id(clock, random);
    EXPECT_EQ(first_48_bits(id), static_cast<std::uint64_t>(FakeClock::kStartNs / 1'000'000));
    EXPECT_EQ(id[6] >> 4, 7);
    EXPECT_EQ(id[8] >> 6, 2);
  }
}

TEST(EventIdentifier, LaterMillisecondsSortLater) {
  FakeClock clock;
  SeededRandom random(4);
  EventId before = make_event_id(clock, random);
  for (int i = 0; i < 1'000; ++i) {
    clock.advance(1'000'000);
    const EventId id = make_event_id(clock, random);
    EXPECT_LT(before, id);
    before = id;
  }
}

TEST(EventIdentifier, DiffersWithinOneMillisecond) {
  const FakeClock clock;
  std::set<EventId> seen;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(seen.insert(make_event_id(clock, system_random())).second);
  }
}

TEST(SystemRandom, FillsEveryByteAndNeverTheSameWay) {
  std::array<std::uint8_t, 32> seen_or{};
  std::set<std::array<std::uint8_t, 32>> values;
  for (int i = 0; i < 100; ++i) {
    std::array<std::uint8_t, 32> bytes{};
    system_random().fill(bytes);
    for (std::size_t k = 0; k < bytes.size(); ++k) seen_or[k] = seen_or[k] | bytes[k];
    EXPECT_TRUE(values.insert(bytes).second);
  }
  for (const std::uint8_t byte : seen_or) EXPECT_NE(byte, 0);
}

}  // namespace
}  // namespace phantom
