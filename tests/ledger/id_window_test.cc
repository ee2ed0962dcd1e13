#include "ledger/id_window.h"

#include "events/random.h"
#include "tests/support/fake_clock.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

class Ids {
 public:
  EventId at_ms(std::int64_t ms) {
    clock_.set_wall_ns(ms * 1'000'000);
    return make_event_id(clock_, random_);
  }

 private:
  FakeClock clock_;
  SeededRandom random_{1};
};

std::vector<Seq> found(const IdWindow& window, const EventId& id) {
  std::vector<Seq> seqs;
  window.candidates(id, [&](Seq seq) {
    seqs.push_back(seq);
    return false;
  });
  return seqs;
}

TEST(IdWindow, IdsCarryTheirMillisecond) {
  Ids ids;
  EXPECT_EQ(event_id_ms(ids.at_ms(1'767'323'045'678)), 1'767'323'045'678U);
  EXPECT_EQ(event_id_ms(EventId{}), 0U);
}

TEST(IdWindow, CoversIdsAfterTheEventBeforeIt) {
  const IdWindow window(10, 5'500'000);  // event 9 happened at 5.5 ms
  EXPECT_FALSE(window.covers(4));
  EXPECT_FALSE(window.covers(5)) << "event 9 may have an id of its own millisecond";
  EXPECT_TRUE(window.covers(6));
  EXPECT_TRUE(IdWindow(0, 0).covers(0)) << "before event 0 there is nothing";
}

TEST(IdWindow, FindsWhatWasPushedOnEitherEnd) {
  Ids ids;
  IdWindow window(1'000, 9'000'000);
  std::vector<EventId> newer;
  std::vector<EventId> older;
  for (int i = 0; i < 500; ++i) {
    newer.push_back(ids.at_ms(10));
    window.push_back(newer.back());
  }
  for (int i = 0; i < 300; ++i) older.push_back(ids.at_ms(8));
  window.push_front(older, 7'000'000);
  EXPECT_EQ(window.from(), 700U);
  EXPECT_EQ(window.count(), 800U);
  EXPECT_TRUE(window.covers(8));
  for (std::size_t i = 0; i < newer.size(); ++i) {
    EXPECT_EQ(found(window, newer[i]), std::vector<Seq>{1'000 + i});
  }
  for (std::size_t i = 0; i < older.size(); ++i) {
    EXPECT_EQ(found(window, older[i]), std::vector<Seq>{700 + i});
  }
  EXPECT_TRUE(found(window, ids.at_ms(10)).empty());
}

TEST(IdWindow, ForgetsWhatIsTakenBackOrTooOld) {
  Ids ids;
  IdWindow window;
  std::vector<EventId> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(ids.at_ms(i));
    window.push_back(all.back());
  }
  window.truncate(90);
  window.forget_before(40, 39'000'000);
  EXPECT_EQ(window.count(), 50U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(found(window, all[i]).empty(), i < 40 || i >= 90) << i;
  }
  EXPECT_FALSE(window.covers(39));
  EXPECT_TRUE(window.covers(40));
}

}  // namespace
}  // namespace phantom::test
