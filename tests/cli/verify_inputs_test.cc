#include "cli/verify_inputs.h"

#include "cli/verify_text.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

constexpr const char* kGivenNote =
    "phantom.local/0\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
    "\xe2\x80\x94 phantom.local/0 "
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

TEST(CheckpointInput, TakesTheNoteAsItIs) {
  const auto note = checkpoint_note_of(kGivenNote);
  ASSERT_TRUE(note.ok()) << note.error().message;
  EXPECT_EQ(*note, kGivenNote);
}

TEST(CheckpointInput, RefusesWhatIsNoCheckpoint) {
  for (const char* text : {"", "hello\n", "{}", "{\"note\":1}", "{\"note\":\"x\"}", "{"}) {
    EXPECT_FALSE(checkpoint_note_of(text).ok()) << text;
  }
}

TEST(KeyInput, TellsAMissingFileFromBadText) {
  const auto missing = read_verifier_key("/nonexistent/ledger.vkey");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::kNotFound);
}

TEST(VerifyText, AlwaysSaysRungAndTail) {
  VerifyReport report;
  report.unanchored_events = 3;
  report.unanchored_ns = 1'250'000'000;
  report.checks = {{"entries", CheckState::kFail, "bad\x1b[31m"}, {"anchors"}};
  EXPECT_NE(report_to_text(report, "/l").find("unanchored tail: unknown\n"), std::string::npos);
  report.head = Checkpoint{};
  const std::string text = report_to_text(report, "/l");
  EXPECT_NE(text.find("INDETERMINATE /l\nrung: none\n"), std::string::npos);
  EXPECT_NE(text.find("unanchored tail: 3 events, 1.2 s\n"), std::string::npos);
  EXPECT_NE(text.find("not checked: "), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(VerifyText, NamesTheChecksAFailureKeptFromRunning) {
  VerifyReport report;
  report.verdict = Verdict::kFailed;
  report.not_checked = {"anchors: none given"};
  report.checks = {{"files", CheckState::kFail, "bad"}, {"tree", CheckState::kNotEvaluated}};
  EXPECT_NE(report_to_text(report, "/l").find("not checked: anchors: none given, tree\n"),
            std::string::npos);
  EXPECT_NE(report_to_json(report, "/l").find(R"("not_checked":["anchors: none given","tree"])"),
            std::string::npos);
}

TEST(VerifyText, HasAVersionInJson) {
  VerifyReport report;
  report.verdict = Verdict::kVerified;
  report.exit_code = 0;
  report.rung = 3;
  const std::string json = report_to_json(report, "/l");
  EXPECT_TRUE(json.starts_with(R"({"v":1,"subject":"/l","verdict":"VERIFIED","exit_code":0,)"
                               R"("rung":"L3")"))
      << json;
}

}  // namespace
}  // namespace phantom
