#include "cli/doctor.h"

#include "cli/doctor_facts.h"

#include <gtest/gtest.h>

#include <set>

namespace phantom {
namespace {

TEST(Doctor, ChecksHaveNamesOfTheirOwnAndAreFoundByThem) {
  std::set<std::string_view> names;
  for (const DoctorCheck& check : doctor_checks()) {
    EXPECT_TRUE(names.insert(check.name).second) << check.name;
    EXPECT_EQ(check.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos);
    EXPECT_FALSE(check.about.empty());
    EXPECT_NE(check.run, nullptr);
    EXPECT_EQ(find_doctor_check(check.name), &check);
  }
  EXPECT_EQ(find_doctor_check("nothing"), nullptr);
}

TEST(Doctor, NotesAreNoProblems) {
  EXPECT_FALSE(has_problem({}));
  EXPECT_FALSE(has_problem({{DoctorSeverity::kNote, "n", ""}}));
  EXPECT_TRUE(has_problem({{DoctorSeverity::kNote, "n", ""}, {DoctorSeverity::kWarning, "w", ""}}));
  EXPECT_TRUE(has_problem({{DoctorSeverity::kError, "e", ""}}));
}

TEST(Doctor, ACheckThatFailsIsAFinding) {
  const DoctorCheck check{"broken", "fails", [](DoctorContext&) -> Result<DoctorFindings> {
                            return Error{Code::kIo, "no disk", "buy one"};
                          }};
  DoctorContext context;
  const DoctorFindings findings = examine(check, context);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, DoctorSeverity::kError);
  EXPECT_NE(findings[0].sentence.find("no disk"), std::string::npos);
  EXPECT_EQ(findings[0].advice, "buy one");
}

TEST(Doctor, NamesAreListedOnceAndNotForEver) {
  EXPECT_EQ(some_of({}), "");
  EXPECT_EQ(some_of({"A", "B", "A"}), "A, B");
  EXPECT_EQ(some_of({"A", "B", "C", "D", "E", "F", "G"}), "A, B, C, D, E and 2 more");
}

}  // namespace
}  // namespace phantom
