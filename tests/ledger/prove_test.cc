#include "ledger/prove.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "ledger/proof_text.h"
#include "ledger/tree.h"
#include "ledger/verify.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

// A reader over rows in memory.
class ProofReader final : public LedgerReader {
 public:
  explicit ProofReader(const MemoryLedger& ledger)
      : ledger_(ledger), head_(*ledger.head_copy.newest) {}
  const SignedCheckpoint& head() const override { return head_; }
  Result<bool> catch_up() override { return false; }
  Result<Bytes> entry(Seq seq) const override {
    return read_entry(ledger_, head_.checkpoint.size, seq);
  }
  Status scan(Seq, Seq, const std::function<bool(Seq, const Bytes&)>&) const override {
    return Error{Code::kUnsupported, "not needed here"};
  }
  Status commits(std::uint64_t,
                 const std::function<bool(const SignedCheckpoint&)>&) const override {
    return Error{Code::kUnsupported, "not needed here"};
  }
  Result<std::optional<TagState>> tag(std::string_view) const override {
    return Error{Code::kUnsupported, "not needed here"};
  }
  Status history(std::string_view, const std::function<bool(Seq, const Bytes&)>&) const override {
    return Error{Code::kUnsupported, "not needed here"};
  }
  Result<Digest> node(unsigned height, std::uint64_t index) const override {
    return read_node(ledger_, head_.checkpoint.size, height, index);
  }

 private:
  const MemoryLedger& ledger_;
  SignedCheckpoint head_;
};

MemoryLedger proved_ledger() {
  MemoryLedger ledger;
  ledger.commit(300);
  ledger.start_epoch();
  return ledger;
}

TEST(Prove, EveryEventVerifiesAgainstThePinnedKeyAlone) {
  const MemoryLedger ledger = proved_ledger();
  const ProofReader reader(ledger);
  for (Seq seq = 0; seq < ledger.size(); ++seq) {
    const auto proof = prove_event(reader, seq);
    ASSERT_TRUE(proof.ok()) << seq;
    const VerifyReport report = verify_proof(*proof, *reader.entry(seq), ledger.key());
    ASSERT_EQ(report.exit_code, 0) << seq << ": " << verdict_text(report);
    EXPECT_EQ(report.rung, 2);
    EXPECT_EQ(report.head->size, ledger.size());
  }
  EXPECT_EQ(prove_event(reader, ledger.size()).error().code, Code::kNotFound);
}

TEST(Prove, NoChangedByteOfProofOrEntryVerifies) {
  const MemoryLedger ledger = proved_ledger();
  const ProofReader reader(ledger);
  const std::string proof = *prove_event(reader, 77);
  const Bytes entry = *reader.entry(77);
  for (std::size_t i = 0; i < proof.size(); ++i) {
    std::string changed = proof;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    EXPECT_NE(verify_proof(changed, entry, ledger.key()).exit_code, 0) << "proof byte " << i;
  }
  for (std::size_t i = 0; i < entry.size(); ++i) {
    Bytes changed = entry;
    changed[i] = static_cast<std::uint8_t>(changed[i] ^ (1 << (i % 8)));
    EXPECT_EQ(verify_proof(proof, changed, ledger.key()).exit_code == 0, false)
        << "entry byte " << i;
  }
}

TEST(Prove, GrowthBetweenAnyTwoCommitsVerifies) {
  MemoryLedger ledger;
  std::vector<std::uint64_t> sizes{1};
  for (const std::size_t count : {1U, 5U, 249U, 40U, 300U}) {
    ledger.commit(count);
    sizes.push_back(ledger.size());
  }
  const ProofReader reader(ledger);
  const auto root = [&](std::uint64_t size) {
    return parse_checkpoint(ledger.note(size))->checkpoint.root;
  };
  for (const std::uint64_t first : sizes) {
    for (const std::uint64_t second : sizes) {
      const auto proof = prove_growth(reader, first, second);
      ASSERT_EQ(proof.ok(), first <= second) << first << " to " << second;
      if (!proof.ok()) continue;
      EXPECT_TRUE(verify_consistency(first, root(first), second, root(second), *proof))
          << first << " to " << second;
      EXPECT_EQ(verify_consistency(first, root(second), second, root(second), *proof),
                first == second);
    }
  }
  EXPECT_EQ(prove_growth(reader, 0, 1).error().code, Code::kInvalid);
  EXPECT_EQ(prove_growth(reader, 1, ledger.size() + 1).error().code, Code::kNotFound);
}

TEST(Prove, ProvesNothingForAnotherEventOrWithoutKey) {
  const MemoryLedger ledger = proved_ledger();
  const ProofReader reader(ledger);
  const std::string proof = *prove_event(reader, 5);
  EXPECT_EQ(verify_proof(proof, *reader.entry(6), ledger.key()).exit_code, 1);
  const VerifyReport keyless = verify_proof(proof, *reader.entry(5), std::nullopt);
  EXPECT_EQ(keyless.exit_code, 3);
  EXPECT_EQ(keyless.rung, 1);
  EXPECT_EQ(verify_proof(proof, *reader.entry(5), MemoryLedger(2).key()).exit_code, 1);
  EXPECT_EQ(verify_proof("", {}, ledger.key()).exit_code, 1);
}

TEST(ProofText, RoundTripsAndTakesAnExtraLine) {
  const MemoryLedger ledger = proved_ledger();
  const ProofReader reader(ledger);
  const std::string text = *prove_event(reader, 5);
  const auto proof = parse_proof(text);
  ASSERT_TRUE(proof.ok());
  EXPECT_EQ(format_proof(*proof), text);
  EXPECT_EQ(text.find("/epoch/"), std::string::npos);
  std::string extra = text;
  extra.insert(extra.find("index "), "extra aGVsbG8=\n");
  ASSERT_TRUE(parse_proof(extra).ok());
  EXPECT_EQ(parse_proof(extra)->index, 5U);
}

// Inclusion of "seven" in the log of fifteen words of tessera's testdata/log.
TEST(ProofText, ReadsTheSpecificationsLayout) {
  const std::string text =
      "c2sp.org/tlog-proof@v1\n"
      "extra aGVsbG8=\n"
      "index 6\n"
      "ThcgoV2DYcK+VCxBUDWAlNxmLy2r7dq7dK7+OlgQKWs=\n"
      "ycRkkNklus5eMVRUvkD1pK321vMrA+jjOiZKU8aOcY4=\n"
      "zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=\n"
      "5jLpqTgjsBDSEX6SgZiRnbTMdTuRd8bQ5tSsAOxe0Ks=\n"
      "\n"
      "example.com/log/testdata\n"
      "15\n"
      "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n"
      "\n"
      "\xe2\x80\x94 example.com/log/testdata M9e0lgAAAAA=\n"
      "\xe2\x80\x94 witness.example/1 AAAAAAAAAAA=\n";
  const auto proof = parse_proof(text);
  ASSERT_TRUE(proof.ok()) << proof.error().message;
  EXPECT_EQ(proof->index, 6U);
  EXPECT_EQ(proof->checkpoint.checkpoint.size, 15U);
  EXPECT_EQ(parse_note(proof->checkpoint.note)->signatures.size(), 2U);
  EXPECT_TRUE(verify_inclusion(leaf_hash(as_bytes("seven")), 6, 15, proof->hashes,
                               proof->checkpoint.checkpoint.root));
  EXPECT_FALSE(verify_inclusion(leaf_hash(as_bytes("eit")), 6, 15, proof->hashes,
                                proof->checkpoint.checkpoint.root));
  for (const char* change : {"extra aGVsbG8=\nextra aGVsbG8=\n", "extra aGVsbG8\n", "extra\n",
                             "extra aGVs bG8=\n", "Extra aGVsbG8=\n", "\n"}) {
    std::string other = text;
    other.replace(other.find("extra"), 15, change);
    EXPECT_FALSE(parse_proof(other).ok()) << change;
  }
  for (const auto& [what, by] : {std::pair{"index 6\n", "index 6\r\n"},
                                 {"index 6", "index  6"},
                                 {"index 6", "index +6"},
                                 {"KWs=\n", "KWs=\n\n"},
                                 {"KWs=\n", "KWs= \n"},
                                 {"15\n", "015\n"}}) {
    std::string other = text;
    other.replace(other.find(what), std::string_view(what).size(), by);
    EXPECT_FALSE(parse_proof(other).ok()) << what << " by " << by;
  }
}

TEST(ProofText, RefusesMalformedText) {
  const MemoryLedger ledger = proved_ledger();
  const std::string good = *prove_event(ProofReader(ledger), 5);
  const auto with = [&](std::string_view what, std::string_view by) {
    std::string text = good;
    return text.replace(text.find(what), what.size(), by);
  };
  std::string long_path = good;
  for (int i = 0; i < 64; ++i) {
    long_path.insert(long_path.find("\n\n") + 1, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
  }
  for (const std::string& text :
       {with("@v1", "@v2"), with("index 5", "index 05"), with("index 5", "index -1"),
        with("index 5\n", ""), with("=\n", "\n"), with("\n\n", "\n"), long_path,
        good.substr(0, good.size() / 2), with("index", "extra ***\nindex")}) {
    EXPECT_FALSE(parse_proof(text).ok()) << text.substr(0, 120);
  }
}

}  // namespace
}  // namespace phantom::test
