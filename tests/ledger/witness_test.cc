// The decision of a witness, row by row of C2SP tlog-witness v1.0.0, and the texts of its files.

#include "ledger/witness.h"

#include "events/encoding.h"
#include "tests/support/ledger_test_log.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

constexpr std::uint64_t kNow = 1'700'000'000;

std::string body_of(std::uint64_t old_size, const std::vector<Digest>& proof,
                    const std::string& note) {
  std::string body = "old " + std::to_string(old_size) + "\n";
  for (const Digest& hash : proof) body += to_base64(hash) + "\n";
  return body + "\n" + note;
}

class WitnessRules : public ::testing::Test {
 protected:
  WitnessRules() : log_("example.com/log"), cosigner_(make_cosigner()) {
    watched_ = {log_.origin(), {log_.key()}};
    state_.origin = log_.origin();
  }

  static Cosigner make_cosigner() {
    SeededRandom random(99);
    return Cosigner::generate("witness.example/w1", random);
  }

  WitnessDecision ask(const std::string& body, std::uint64_t now_s = kNow) const {
    const auto request = parse_add_checkpoint(body);
    if (!request.ok()) {
      WitnessDecision decision;
      decision.answer = malformed_answer(request.error());
      return decision;
    }
    return decide(*request, watched_, state_, cosigner_, now_s);
  }
  int status(const std::string& body) const { return ask(body).answer.status; }
  int status(std::uint64_t old_size, std::uint64_t size) const {
    return status(body_of(old_size, log_.proof(old_size, size), log_.note(size)));
  }
  // Goes on to this size as a good log would.
  void reach(std::uint64_t size, std::uint64_t now_s = kNow) {
    const std::uint64_t from = state_.newest ? state_.newest->checkpoint.size : 0;
    WitnessDecision decision = ask(body_of(from, log_.proof(from, size), log_.note(size)), now_s);
    ASSERT_EQ(decision.answer.status, 200) << decision.answer.body;
    state_ = *decision.next;
  }

  TestLog log_;
  Cosigner cosigner_;
  WitnessedLog watched_;
  WitnessState state_;
};

TEST_F(WitnessRules, AGoodCheckpointIsCosignedAndIsTheNextState) {
  const WitnessDecision decision = ask(body_of(0, {}, log_.note(5)));
  EXPECT_EQ(decision.answer.status, 200);
  ASSERT_TRUE(decision.next);
  const CosignatureCheck check =
      check_cosignature(log_.note(5) + decision.answer.body, cosigner_.key());
  EXPECT_EQ(check.found, NoteCheck::kGood);
  EXPECT_EQ(check.time_s, kNow);
  EXPECT_EQ(decision.next->newest->note, log_.note(5) + decision.answer.body);
  EXPECT_EQ(decision.next->newest->checkpoint, log_.checkpoint(5));
}

TEST_F(WitnessRules, EveryGrowthIsCosigned) {
  for (const std::uint64_t size : {1U, 2U, 3U, 4U, 7U, 8U, 9U, 64U, 65U, 300U}) reach(size);
}

TEST_F(WitnessRules, UnsignedAndWronglySignedCheckpointsAre403) {
  const TestLog stranger("example.com/log", 2);
  EXPECT_EQ(status(body_of(0, {}, stranger.note(5))), 403);
  const std::string text = log_.checkpoint(5).text();
  const std::string grease = NoteSignature{"grease.example", 7, Bytes(9, 1)}.line();
  EXPECT_EQ(status(body_of(0, {}, text + "\n" + grease)), 403);
  // A line of a trusted key that does not verify spoils the note, whatever else stands there.
  const std::string bad = signature_line(log_.key(), Signature{});
  EXPECT_EQ(status(body_of(0, {}, text + "\n" + bad)), 403);
  EXPECT_EQ(status(body_of(0, {}, log_.note(5) + bad)), 403);
  EXPECT_EQ(status(body_of(0, {}, log_.note(5) + grease)), 200);
}

TEST_F(WitnessRules, AnyOfSeveralTrustedKeysMaySign) {
  const TestLog next_key("example.com/log", 3);
  EXPECT_EQ(status(body_of(0, {}, next_key.note(5))), 403);
  watched_.keys.push_back(next_key.key());
  EXPECT_EQ(status(body_of(0, {}, next_key.note(5))), 200);
  EXPECT_EQ(status(body_of(0, {}, log_.note(5))), 200);
  const std::string by_both =
      log_.note(5) + next_key.note(5).substr(log_.checkpoint(5).text().size() + 1);
  const WitnessDecision decision = ask(body_of(0, {}, by_both));
  EXPECT_EQ(decision.answer.status, 200);
  EXPECT_EQ(decision.next->newest->note, by_both + decision.answer.body);
}

TEST_F(WitnessRules, OnlyVerifiedLinesAreKept) {
  const std::string grease = NoteSignature{"grease.example", 7, Bytes(9, 1)}.line();
  const WitnessDecision decision = ask(body_of(0, {}, log_.note(5) + grease));
  EXPECT_EQ(decision.next->newest->note, log_.note(5) + decision.answer.body);
}

TEST_F(WitnessRules, OldSizeBeyondTheCheckpointIs400) {
  EXPECT_EQ(status(body_of(6, {}, log_.note(5))), 400);
  reach(6);
  EXPECT_EQ(status(body_of(6, {}, log_.note(5))), 400);
}

TEST_F(WitnessRules, AnotherOldSizeIs409WithTheSizeInABodyOfItsOwnType) {
  for (const std::uint64_t size : {5U, 9U}) {
    reach(size);
    for (const std::uint64_t old_size : {0U, 1U, 4U, 6U, 10U}) {
      const WitnessDecision decision =
          ask(body_of(old_size, log_.proof(old_size, 12), log_.note(12)));
      EXPECT_EQ(decision.answer.status, 409);
      EXPECT_EQ(decision.answer.content_type, "text/x.tlog.size");
      EXPECT_EQ(decision.answer.body, std::to_string(size) + "\n");
      EXPECT_FALSE(decision.next);
    }
  }
  // Nothing cosigned yet counts as 0.
  state_.newest.reset();
  EXPECT_EQ(ask(body_of(3, log_.proof(3, 5), log_.note(5))).answer.body, "0\n");
}

TEST_F(WitnessRules, EqualSizesAreCosignedAgainWithAFreshTime) {
  reach(5);
  const WitnessDecision decision = ask(body_of(5, {}, log_.note(5)), kNow + 60);
  ASSERT_EQ(decision.answer.status, 200);
  EXPECT_EQ(decision.next->newest->time_s, kNow + 60);
  EXPECT_EQ(check_cosignature(decision.next->newest->note, cosigner_.key()).time_s, kNow + 60);
}

TEST_F(WitnessRules, AnotherRootAtEqualSizeIs422AndAFork) {
  reach(5);
  const TestLog forked("example.com/log", 1, 3);
  const WitnessDecision decision = ask(body_of(5, {}, forked.note(5)));
  EXPECT_EQ(decision.answer.status, 422);
  EXPECT_EQ(decision.conduct, LogConduct::kFork);
  EXPECT_FALSE(decision.next);
  // Seen as well when the size that was sent is out of date.
  const WitnessDecision conflict = ask(body_of(0, {}, forked.note(5)));
  EXPECT_EQ(conflict.answer.status, 409);
  EXPECT_EQ(conflict.conduct, LogConduct::kFork);
}

TEST_F(WitnessRules, ProofsThatDoNotHoldAre422) {
  reach(5);
  const std::vector<Digest> good = log_.proof(5, 12);
  EXPECT_EQ(status(body_of(5, good, log_.note(12))), 200);
  std::vector<std::vector<Digest>> bad{{}, log_.proof(4, 12), log_.proof(5, 11)};
  bad.push_back(good);
  bad.back().push_back(good.back());
  bad.push_back({good.begin(), good.end() - 1});
  bad.push_back({good.begin() + 1, good.end()});
  for (std::size_t i = 0; i < good.size(); ++i) {
    bad.push_back(good);
    bad.back()[i][31] ^= 1;
  }
  for (const auto& proof : bad) {
    const WitnessDecision decision = ask(body_of(5, proof, log_.note(12)));
    EXPECT_EQ(decision.answer.status, 422);
    EXPECT_EQ(decision.conduct, LogConduct::kNoProof);
    EXPECT_FALSE(decision.next);
  }
  EXPECT_EQ(status(body_of(5, {Digest{}}, log_.note(5))), 422);
  const TestLog forked("example.com/log", 1, 3);
  EXPECT_EQ(status(body_of(5, forked.proof(5, 12), forked.note(12))), 422);
}

TEST_F(WitnessRules, FromSizeZeroThereIsNoProof) {
  EXPECT_EQ(status(body_of(0, {Digest{}}, log_.note(5))), 422);
  EXPECT_EQ(status(body_of(0, {Digest{}}, log_.note(0))), 422);
}

TEST_F(WitnessRules, TheEmptyTreeIsCosignedAndHasOneRoot) {
  Checkpoint other = log_.checkpoint(0);
  other.root[0] ^= 1;
  EXPECT_EQ(status(body_of(0, {}, log_.sign(other.text()))), 422);
  reach(0);
  EXPECT_EQ(status(body_of(0, {}, log_.sign(other.text()))), 422);
  EXPECT_EQ(status(0, 0), 200);
  reach(7);
  EXPECT_EQ(status(body_of(0, {}, log_.sign(other.text()))), 409);
}

TEST_F(WitnessRules, TheFirstRuleThatIsNotMetIsAnswered) {
  reach(5);
  const TestLog stranger("example.com/log", 2);
  // Not trusted comes before all sizes, the sizes before the proof.
  EXPECT_EQ(status(body_of(13, {Digest{}}, stranger.note(12))), 403);
  EXPECT_EQ(status(body_of(13, {Digest{}}, log_.note(12))), 400);
  EXPECT_EQ(status(body_of(4, {Digest{}}, log_.note(12))), 409);
  EXPECT_EQ(status(body_of(5, {Digest{}}, log_.note(12))), 422);
}

TEST_F(WitnessRules, TheClockNeverGoesBackBehindACosignature) {
  reach(5, kNow);
  EXPECT_EQ(ask(body_of(5, {}, log_.note(5)), kNow - 10).next->newest->time_s, kNow);
  const WitnessDecision behind = ask(body_of(5, {}, log_.note(5)), kNow - 11);
  EXPECT_EQ(behind.answer.status, 500);
  EXPECT_FALSE(behind.next);
  EXPECT_NE(behind.problem.find("clock"), std::string::npos);
  state_.newest.reset();
  EXPECT_EQ(ask(body_of(0, {}, log_.note(5)), 0).answer.status, 500);
}

TEST_F(WitnessRules, ExtensionLinesArePartOfWhatIsSigned) {
  const std::string text = log_.checkpoint(5).text() + "extension\n";
  const WitnessDecision decision = ask(body_of(0, {}, log_.sign(text)));
  ASSERT_EQ(decision.answer.status, 200);
  EXPECT_EQ(check_cosignature(text + "\n" + decision.answer.body, cosigner_.key()).found,
            NoteCheck::kGood);
  EXPECT_TRUE(
      parse_witness_state(format_witness_state(*decision.next), log_.origin(), cosigner_.key())
          .ok());
}

TEST_F(WitnessRules, MalformedBodiesAre400) {
  const std::string note = log_.note(5);
  const std::string hash = to_base64(Digest{}) + "\n";
  std::string proof;
  for (int i = 0; i < 63; ++i) proof += hash;
  EXPECT_EQ(status("old 0\n" + proof + "\n" + note), 422);  // a shape that is allowed
  for (const std::string& body : {
           std::string(),
           std::string("\n"),
           std::string("old"),
           std::string("old \n\n") + note,
           "old 0\n" + note,
           "old 0\r\n\n" + note,
           "old 00\n\n" + note,
           "old 01\n\n" + note,
           "old +1\n\n" + note,
           "old -1\n\n" + note,
           "old  1\n\n" + note,
           "old 1 \n\n" + note,
           "Old 0\n\n" + note,
           "old 18446744073709551616\n\n" + note,
           "old 0\n" + proof + hash + "\n" + note,
           "old 0\nnot-base64\n\n" + note,
           "old 0\n" + to_base64(Bytes(31)) + "\n\n" + note,
           "old 0\n" + to_base64(Bytes(33)) + "\n\n" + note,
           "old 0\n " + hash + "\n" + note,
           std::string("old 0\n\n"),
           "old 0\n\n" + note.substr(0, note.size() - 1),
           "old 0\n\n" + log_.checkpoint(5).text(),
           "old 0\n\n" + note + "x",
           "old 0\n\n\n" + note,
           "old 0\n\n" + log_.sign("example.com/log\n05\n" + hash),
           "old 0\n\n" + log_.sign("example.com/log\n5\nxx\n"),
           "old 0\n\n" + log_.sign("example.com/log\n5\n"),
           "old 0\n\n" + log_.sign("\n5\n" + hash),
           "old 0\n\n" + log_.sign(std::string(256, 'o') + "\n5\n" + hash),
           std::string(kWitnessBodyBytesMax + 1, 'x'),
       }) {
    EXPECT_EQ(status(body), 400) << body.substr(0, 100);
  }
}

TEST_F(WitnessRules, StatesAreReadBackAndDamageIsNoticed) {
  const std::string never = format_witness_state(state_);
  EXPECT_EQ(never, "phantom-witness-state/1\nnothing cosigned\nexample.com/log\n");
  const auto read = [&](std::string_view text) {
    return parse_witness_state(text, log_.origin(), cosigner_.key());
  };
  ASSERT_TRUE(read(never).ok());
  EXPECT_FALSE(read(never)->newest);
  reach(5);
  const std::string text = format_witness_state(state_);
  ASSERT_TRUE(read(text).ok());
  EXPECT_EQ(read(text)->newest->note, state_.newest->note);
  EXPECT_EQ(read(text)->newest->time_s, kNow);
  for (std::size_t i = 0; i <= text.size(); ++i) {
    EXPECT_FALSE(read(text.substr(0, i)).ok() && i < text.size()) << i;
    std::string changed = text;
    if (i < text.size()) {
      changed[i] ^= 1;
      const auto other = read(changed);
      // The log's own line was verified before; with the cosignature the rest holds together.
      const bool in_log_line =
          i > text.find("\n\n") + 1 && i < text.rfind("\xe2\x80\x94 witness.example");
      EXPECT_TRUE(!other.ok() || in_log_line) << i;
    }
  }
  EXPECT_FALSE(parse_witness_state(text, "example.com/other", cosigner_.key()).ok());
  EXPECT_FALSE(parse_witness_state(never, "example.com/other", cosigner_.key()).ok());
  SeededRandom random(5);
  EXPECT_FALSE(parse_witness_state(text, log_.origin(),
                                   Cosigner::generate("witness.example/w1", random).key())
                   .ok());
}

TEST(WitnessFiles, ListsOfLogsAreReadBackAndHoldEachKeyOnce) {
  const TestLog first("example.com/a");
  const TestLog second("example.com/b");
  const TestLog other_key("example.com/a", 2);
  const std::vector<WitnessedLog> logs{{"example.com/a", {first.key(), other_key.key()}},
                                       {"an origin with spaces", {second.key()}},
                                       {"removed.example", {}}};
  const std::string text = format_witnessed_logs(logs);
  const auto again = parse_witnessed_logs(text);
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(again->size(), 3U);
  EXPECT_TRUE((*again)[2].keys.empty());
  EXPECT_TRUE(text.ends_with("\n- removed.example\n"));
  EXPECT_EQ((*again)[0].keys.size(), 2U);
  EXPECT_EQ((*again)[1].origin, "an origin with spaces");
  EXPECT_TRUE(parse_witnessed_logs("phantom-witness-logs/1\n")->empty());
  const std::string line = first.key().text() + " example.com/a\n";
  for (const std::string& bad :
       {std::string(), std::string("phantom-witness-logs/2\n"), text + line, text + "x\n",
        text + "- example.com/a\n", text + "- removed.example\n",
        text + first.key().text() + " removed.example\n", text.substr(0, text.size() - 1),
        "phantom-witness-logs/1\n" + line + "\n",
        "phantom-witness-logs/1\n" + first.key().text() + "\n",
        "phantom-witness-logs/1\n" + first.key().text() + " \n"}) {
    EXPECT_FALSE(parse_witnessed_logs(bad).ok()) << bad;
  }
}

TEST(WitnessFiles, OriginsAreNamedByTheirDigest) {
  EXPECT_EQ(origin_digest("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(is_origin("example.com/log"));
  for (const std::string& bad :
       {std::string(), std::string("a\nb"), std::string(256, 'x'), std::string("\xff")}) {
    EXPECT_FALSE(is_origin(bad));
  }
}

}  // namespace
}  // namespace phantom::test
