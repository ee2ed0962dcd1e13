#include "cli/verify_inputs.h"

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

}  // namespace
}  // namespace phantom
