#include "events/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace phantom {
namespace {

Result<int> parse_digit(char c) {
  if (c < '0' || c > '9') {
    return Error{Code::kInvalid, std::string(1, c) + " is no digit"}.with_hint("use 0 to 9");
  }
  return c - '0';
}

Result<int> sum_of_digits(std::string_view text) {
  int sum = 0;
  for (const char c : text) {
    PH_ASSIGN(const int digit, parse_digit(c));
    sum += digit;
  }
  return sum;
}

Status check_digits(std::string_view text, int& calls) {
  for (const char c : text) {
    auto digit = parse_digit(c);
    PH_TRY(digit.ok() ? Status() : Status(std::move(digit.error()).in("digits")));
    ++calls;
  }
  return {};
}

TEST(Result, AssignGivesTheValueOrReturnsTheError) {
  EXPECT_EQ(*sum_of_digits("123"), 6);
  const auto bad = sum_of_digits("1x3");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, Code::kInvalid);
  EXPECT_EQ(bad.error().message, "x is no digit");
  EXPECT_EQ(bad.error().hint, "use 0 to 9");
}

TEST(Result, TryStopsAtTheFirstErrorAndContextGoesBeforeTheMessage) {
  int calls = 0;
  const Status status = check_digits("12y4", calls);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(status.error().message, "digits: y is no digit");
  EXPECT_EQ(status.error().hint, "use 0 to 9");
}

TEST(Result, HoldsThingsThatOnlyMove) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = *std::move(made);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, EveryCodeHasItsOwnName) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    const std::string name = code_name(static_cast<Code>(code));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(ResultDeathTest, TheValueOfAFailedResultIsABug) {
  EXPECT_DEATH((void)*parse_digit('x'), "value of a failed result");
  EXPECT_DEATH((void)parse_digit('1').error(), "error of a good result");
}

}  // namespace
}  // namespace phantom
