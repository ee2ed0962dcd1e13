#include "ledger/reserve.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace phantom {
namespace {

std::uint64_t bytes_on_disk(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return 0;
  return static_cast<std::uint64_t>(info.st_blocks) * 512;
}

TEST(Reserve, StepsFollowTheRoomThereIs) {
  constexpr std::uint64_t kMin = 100;
  constexpr std::uint64_t kReserve = 10;
  EXPECT_EQ(next_step(1'000, kMin, kReserve, true), ReserveStep::kAccept);
  EXPECT_EQ(next_step(99, kMin, kReserve, true), ReserveStep::kLastWords);
  EXPECT_EQ(next_step(99, kMin, kReserve, false), ReserveStep::kRefuse);
  // Freed, so there is a little more than before: accepted, but not taken again yet.
  EXPECT_EQ(next_step(109, kMin, kReserve, false), ReserveStep::kAccept);
  EXPECT_EQ(next_step(119, kMin, kReserve, false), ReserveStep::kAccept);
  EXPECT_EQ(next_step(120, kMin, kReserve, false), ReserveStep::kRefill);
}

TEST(Reserve, TakesRealBlocksAndGivesThemBack) {
  const TempDir work;
  const std::filesystem::path file = work / "reserve";
  DiskReserve reserve = DiskReserve::open(file, 0);
  ASSERT_TRUE(reserve.held());
  EXPECT_GE(bytes_on_disk(file), DiskReserve::kBytes);
  ASSERT_TRUE(reserve.release().ok());
  EXPECT_FALSE(reserve.held());
  EXPECT_EQ(bytes_on_disk(file), 0U);
  ASSERT_TRUE(reserve.fill().ok());
  EXPECT_TRUE(reserve.held());
}

TEST(Reserve, IsFoundAgainAndLeftAloneWhereThereIsNoRoom) {
  const TempDir work;
  const std::filesystem::path file = work / "reserve";
  const std::uint64_t more_than_any_disk = ~std::uint64_t{0} / 4;
  EXPECT_FALSE(DiskReserve::open(file, more_than_any_disk).held());
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_TRUE(DiskReserve::open(file, 0).held());
  EXPECT_TRUE(DiskReserve::open(file, more_than_any_disk).held());
}

TEST(Reserve, OfADirectoryThatIsGoneIsNotHeld) {
  const DiskReserve reserve = DiskReserve::open("nowhere/at/all/reserve", 0);
  EXPECT_FALSE(reserve.held());
}

}  // namespace
}  // namespace phantom
