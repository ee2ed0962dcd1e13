#include "ledger/prove.h"

#include "events/encoding.h"
#include "ledger/proof_text.h"
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

TEST(ProofText, RefusesMalformedText) {
  const MemoryLedger ledger = proved_ledger();
  const std::string good = *prove_event(ProofReader(ledger), 5);
  const auto with = [&](std::string_view what, std::string_view by) {
    std::string text = good;
    return text.replace(text.find(what), what.size(), by);
  };
  std::string long_path = good;
  for (int i = 0; i < 65; ++i) {
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
