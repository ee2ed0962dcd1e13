#include "cli/report.h"

#include "cli/report_formats.h"
#include "cli/report_github.h"
#include "cli/report_json.h"
#include "cli/report_junit.h"
#include "cli/report_location.h"
#include "cli/report_sarif.h"
#include "cli/report_text.h"
#include "ledger/verify_report.h"
#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>

namespace phantom {
namespace {

// What stands in reports but comes from outside, at its worst.
constexpr const char* kHostile =
    "a]]>\"'&<b>, 100%: \x1b[31m\r\n::error::forged\nbroken \xff\xc0\x80 \xef\xbf\xbe end";

VerifyReport good_report() {
  VerifyReport report = new_ledger_report();
  for (Check& check : report.checks) check.state = CheckState::kPass;
  set_check(report, "trust", CheckState::kSkipped, "no trust state was given");
  set_check(report, "anchors", CheckState::kPass, "2 anchors, the newest at 40 events");
  report.head = Checkpoint{};
  report.head->origin = "phantom.local/0123";
  report.head->size = 42;
  report.events = 42;
  report.commits = 7;
  report.epochs = 1;
  report.unanchored_events = 2;
  report.unanchored_ns = 1'500'000'000;
  report.not_checked = {"growth since an earlier run: no trust state"};
  conclude(report);
  return report;
}

VerifyReport failed_report() {
  VerifyReport report = new_ledger_report();
  for (const char* id : {"ledger", "files", "meta"}) set_check(report, id, CheckState::kPass);
  set_failure(report, {"entries", kHostile, Seq{17}});
  report.head = Checkpoint{};
  report.head->origin = kHostile;
  report.head->size = 42;
  report.not_checked = {"external anchors: none given"};
  conclude(report);
  return report;
}

VerifyReport undecided_report() {
  VerifyReport report = good_report();
  set_check(report, "key", CheckState::kIndeterminate, "no key was given\nonly the ledger's own");
  set_check(report, "schema", CheckState::kIndeterminate);
  conclude(report);
  return report;
}

// More to say than a service shows.
VerifyReport crowded_report() {
  VerifyReport report = new_ledger_report();
  for (Check& check : report.checks) check.state = CheckState::kIndeterminate;
  report.checks[5].state = CheckState::kFail;
  report.checks[6].reason = std::string(5'000, 'x');
  conclude(report);
  return report;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

std::string format(const char* name, const VerifyReport& report, const char* subject) {
  const ReportFormat write = find_report_format(name);
  return write == nullptr ? "no such format" : write({report, subject, "ci/ledger 100%.vkey"});
}

std::string without_version(const std::string& text) {
  static const std::regex kVersion(R"re("semanticVersion":"[^"]*")re");
  return std::regex_replace(text, kVersion, R"("semanticVersion":"1.2.3")");
}

// What the validators of tests/scripts/report_formats.py read.
TEST(ReportFormats, WriteTheGoldenReports) {
  for (const std::string& name : report_format_names()) {
    const auto expect = [&](const char* what, const VerifyReport& report, const char* subject) {
      expect_golden(std::string("report/") + what + "." + name,
                    without_version(format(name.c_str(), report, subject)));
    };
    expect("good", good_report(), "copy");
    expect("failed", failed_report(), kHostile);
    expect("undecided", undecided_report(), "copy");
    expect("crowded", crowded_report(), "copy");
  }
}

TEST(ReportFormats, AreFoundByNameAndNoOther) {
  EXPECT_EQ(report_format_names().front(), "text");
  EXPECT_EQ(find_report_format("yaml"), nullptr);
  EXPECT_EQ(find_report_format(""), nullptr);
}

TEST(ReportFormats, LetNothingFromOutsideActOnATerminalOrALog) {
  for (const std::string& name : report_format_names()) {
    const std::string text = format(name.c_str(), failed_report(), kHostile);
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << name;
    EXPECT_EQ(text.find('\r'), std::string::npos) << name;
    EXPECT_EQ(text.find('\xff'), std::string::npos) << name;
    EXPECT_EQ(text.find("\n::error::forged"), std::string::npos) << name;
  }
}

TEST(ReportFindings, AreNeverEmptyWhenNothingWasVerified) {
  VerifyReport report = new_ledger_report();
  conclude(report);
  ASSERT_EQ(report.verdict, Verdict::kIndeterminate);
  EXPECT_EQ(findings(report).size(), report.checks.size());
  EXPECT_TRUE(findings(good_report()).empty());
}

TEST(ReportFindings, PutFailuresFirst) {
  const VerifyReport report = crowded_report();
  EXPECT_EQ(findings(report).front(), &report.checks[5]);
}

TEST(ReportFindings, AreCutBetweenCharacters) {
  Check check{"entries", CheckState::kFail, {}};
  for (int i = 0; i < 3'000; ++i) check.reason += "\xc3\xa4";
  const std::string text = finding_text(check);
  EXPECT_EQ(text.size(), 4'003u);
  EXPECT_TRUE(text.ends_with("\xc3\xa4..."));
  check.reason = "x" + check.reason;
  EXPECT_EQ(finding_text(check).size(), 4'002u);
}

TEST(ReportRules, SayOfEveryCheckWhatItMeans) {
  for (const Check& check : new_ledger_report().checks) {
    EXPECT_NE(check_meaning(check.id), check_meaning("no such check")) << check.id;
  }
}

TEST(ReportSarif, HasAtMostTenResultsAndSaysHowManyMoreThereWere) {
  const std::string text = format("sarif", crowded_report(), "copy");
  EXPECT_EQ(count(text, "\"ruleIndex\""), 10u);
  EXPECT_NE(text.find(R"("resultsLeftOut":4)"), std::string::npos);
}

TEST(ReportGithub, HasAtMostTenAnnotationsAndEndsWithTheVerdict) {
  const std::string text = format("github", crowded_report(), "copy");
  EXPECT_EQ(count(text, "\n"), 10u);
  EXPECT_NE(text.find("and 5 more findings"), std::string::npos);
  EXPECT_EQ(count(format("github", good_report(), "copy"), "\n"), 1u);
}

TEST(ReportGithub, EscapesAsTheRunnerReads) {
  const std::string text = format("github", failed_report(), "copy");
  EXPECT_TRUE(
      text.starts_with("::error file=ci/ledger 100%25.vkey,line=1,"
                       "title=phantom.audit.entries::a]]>\"'&<b>, 100%25: \\x1b[31m"))
      << text;
  EXPECT_EQ(count(text, "\n"), 2u);
}

TEST(ReportLocation, IsTheFirstFileBelowTheWorkingDirectory) {
  EXPECT_EQ(report_location({}), ".phantom.toml");
  EXPECT_EQ(report_location({"/nowhere/x", "../x", ".", "./ci/../a/b.note", "c"}), "a/b.note");
  const auto here = std::filesystem::current_path();
  EXPECT_EQ(report_location({(here / "d" / "e").string()}), "d/e");
  EXPECT_EQ(report_location({here.string(), (here.parent_path() / "f").string()}), ".phantom.toml");
}

TEST(ReportText, AlwaysSaysRungAndTail) {
  VerifyReport report;
  report.unanchored_events = 3;
  report.unanchored_ns = 1'250'000'000;
  report.checks = {{"entries", CheckState::kFail, "bad\x1b[31m"}, {"anchors"}};
  EXPECT_NE(report_to_text({report, "/l"}).find("unanchored tail: unknown\n"), std::string::npos);
  report.head = Checkpoint{};
  const std::string text = report_to_text({report, "/l"});
  EXPECT_NE(text.find("INDETERMINATE /l\nrung: none\n"), std::string::npos);
  EXPECT_NE(text.find("unanchored tail: 3 events, 1.2 s\n"), std::string::npos);
  EXPECT_NE(text.find("not checked: "), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ReportText, NamesTheChecksAFailureKeptFromRunning) {
  VerifyReport report;
  report.verdict = Verdict::kFailed;
  report.not_checked = {"anchors: none given"};
  report.checks = {{"files", CheckState::kFail, "bad"}, {"tree", CheckState::kNotEvaluated}};
  EXPECT_NE(report_to_text({report, "/l"}).find("not checked: anchors: none given, tree\n"),
            std::string::npos);
  EXPECT_NE(report_to_json({report, "/l"}).find(R"("not_checked":["anchors: none given","tree"])"),
            std::string::npos);
}

TEST(ReportText, HasAVersionInJson) {
  VerifyReport report;
  report.verdict = Verdict::kVerified;
  report.exit_code = 0;
  report.rung = 3;
  const std::string json = report_to_json({report, "/l"});
  EXPECT_TRUE(json.starts_with(R"({"v":1,"subject":"/l","verdict":"VERIFIED","exit_code":0,)"
                               R"("rung":"L3")"))
      << json;
}

}  // namespace
}  // namespace phantom
