#include "vault/placeholder.h"

#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

std::string sample_placeholder(std::uint64_t seed) {
  SeededRandom random(seed);
  return make_placeholder(random);
}

TEST(Placeholder, HasTheKnownShape) {
  const std::string text = sample_placeholder(1);
  EXPECT_EQ(text.size(), kPlaceholderSize);
  EXPECT_TRUE(text.starts_with("phm_"));
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef", 4), std::string::npos);
  EXPECT_TRUE(is_placeholder(text));
  EXPECT_NE(text, sample_placeholder(2));
}

TEST(Placeholder, EveryTypoIsNoticed) {
  const std::string good = sample_placeholder(3);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'0', '9', 'a', 'f', 'A', 'z', ' '}) {
      if (c == good[i]) continue;
      std::string bad = good;
      bad[i] = c;
      EXPECT_FALSE(is_placeholder(bad)) << i << c;
      EXPECT_EQ(is_damaged_placeholder(bad), i >= 4) << i << c;
    }
  }
}

TEST(Placeholder, EveryTruncationIsNoticed) {
  const std::string good = sample_placeholder(4);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(is_placeholder(std::string_view(good).substr(0, size)));
  }
  EXPECT_FALSE(is_placeholder(good + "0"));
  EXPECT_FALSE(is_placeholder(" " + good));
}

TEST(Placeholder, OneOfThePredecessorIsNoneOfOurs) {
  const std::string other = "phm_" + std::string(64, 'a');
  EXPECT_FALSE(is_placeholder(other));
  EXPECT_TRUE(is_damaged_placeholder(other));
  EXPECT_FALSE(is_damaged_placeholder("not one"));
}

TEST(Placeholder, IsFoundWithinText) {
  const std::string one = sample_placeholder(5);
  const std::string two = sample_placeholder(6);
  const std::string text = "a=" + one + "&b=" + two + "\nphm_phm_" + one + " phm_";
  const std::vector<std::string_view> found = find_placeholders(text);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0], one);
  EXPECT_EQ(found[1], two);
  EXPECT_EQ(found[2], one);
  EXPECT_EQ(find_placeholder_offsets(text)[0], 2U);
}

TEST(Placeholder, IsNotFoundWithinALongerWord) {
  const std::string one = sample_placeholder(7);
  EXPECT_TRUE(find_placeholders(one + "0").empty());
  EXPECT_TRUE(find_placeholders(one + "_x").empty());
  EXPECT_EQ(find_placeholders(one + ".").size(), 1U);
  EXPECT_TRUE(find_placeholders("").empty());
}

}  // namespace
}  // namespace phantom
