// Fairness at the socket: whose turn it is, and whose place goes.

#include "ledger/turns.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

using Numbers = std::vector<std::uint64_t>;

TEST(Turns, UserWithManyConnectionsGetsNoMoreThanOneWithFew) {
  std::vector<Caller> callers;
  for (std::uint64_t i = 0; i < 500; ++i) callers.push_back({i, 1'000, false, 0});
  callers.push_back({900, 2'000, true, 99});
  const Numbers order = order_turns(callers);
  ASSERT_EQ(order.size(), 501U);
  EXPECT_TRUE(order[0] == 900 || order[1] == 900);
}

TEST(Turns, LittleComesBeforeMuchAndThenWhoWaitedLongest) {
  EXPECT_EQ(order_turns({{1, 7, true, 3}, {2, 7, true, 2}, {3, 7, false, 9}, {4, 7, false, 8}}),
            (Numbers{4, 3, 2, 1}));
}

TEST(Turns, EverybodyHasATurnInBoundedRounds) {
  // Five at a time of sixty that always have much: nobody waits longer than twelve rounds.
  std::vector<Caller> callers;
  for (std::uint64_t i = 0; i < 60; ++i) {
    callers.push_back({i, i < 20 ? 1U : 2U, true, 0});
  }
  for (std::uint64_t round = 1; round <= 100; ++round) {
    const Numbers order = order_turns(callers);
    for (std::size_t i = 0; i < 5; ++i) callers[order[i]].last_round = round;
    for (const Caller& caller : callers) {
      EXPECT_LE(round - caller.last_round, 20U) << caller.number << " of user " << caller.uid;
    }
  }
}

TEST(Turns, PlaceIsTakenFromTheUserWithTheMost) {
  std::vector<Place> places{{1, 5, true, 10}};
  for (std::uint64_t i = 2; i < 500; ++i)
    places.push_back({i, 6, true, static_cast<std::int64_t>(1'000 + i)});
  EXPECT_EQ(place_to_free(places), 2U);
}

TEST(Turns, WhoNeverSentGoesBeforeWhoDidAndThenTheMostSilent) {
  EXPECT_EQ(place_to_free({{1, 5, true, 10}, {2, 5, false, 90}, {3, 5, false, 80}}), 3U);
  EXPECT_EQ(place_to_free({{1, 5, true, 10}, {2, 5, true, 5}, {3, 5, true, 80}}), 2U);
  EXPECT_EQ(place_to_free({}), std::nullopt);
}

}  // namespace
}  // namespace phantom::test
