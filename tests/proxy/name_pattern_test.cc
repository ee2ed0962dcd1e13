#include "proxy/name_pattern.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(NamePattern, StarsAndQuestionMarksStandForCharacters) {
  struct Row {
    const char* name;
    const char* pattern;
    bool fits;
  };
  for (const Row& row : std::initializer_list<Row>{{"STRIPE_KEY", "STRIPE_*", true},
                                                   {"STRIPE_", "STRIPE_*", true},
                                                   {"STRIPE", "STRIPE_*", false},
                                                   {"MY_STRIPE_KEY", "STRIPE_*", false},
                                                   {"MY_STRIPE_KEY", "*STRIPE*", true},
                                                   {"KEY", "K?Y", true},
                                                   {"KY", "K?Y", false},
                                                   {"KEY", "KEY", true},
                                                   {"key", "KEY", false},
                                                   {"AAAB", "*AAB", true},
                                                   {"ABABAC", "*ABAC", true},
                                                   {"ABC", "**", true},
                                                   {"", "*", true},
                                                   {"", "?", false},
                                                   {"A_B_C", "A*B*D", false}}) {
    EXPECT_EQ(fits_name_pattern(row.name, row.pattern), row.fits) << row.name << " " << row.pattern;
  }
}

TEST(NamePattern, StarsInARowAreNoWorkForHours) {
  EXPECT_FALSE(fits_name_pattern(std::string(120, 'A'),
                                 "*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*B"));
}

TEST(NamePattern, WhatIsNoPatternIsAnError) {
  for (const char* bad : {"", "[A-Z]*", "A B", "A,B", "A/B", "{A,B}", "!A", "A\n", "\xc3\xa4"}) {
    EXPECT_EQ(check_name_pattern(bad).error().code, Code::kInvalid) << bad;
  }
  EXPECT_FALSE(check_name_pattern(std::string(129, 'A')).ok());
  EXPECT_TRUE(check_name_pattern("STRIPE_*").ok());
}

TEST(NamePattern, ExceptWinsOverOnly) {
  EXPECT_TRUE(is_chosen("A", {}, {}));
  EXPECT_TRUE(is_chosen("A", {"B", "A"}, {}));
  EXPECT_FALSE(is_chosen("A", {"B"}, {}));
  EXPECT_FALSE(is_chosen("A", {"A"}, {"*"}));
  EXPECT_FALSE(is_chosen("A", {}, {"A"}));
}

}  // namespace
}  // namespace phantom
