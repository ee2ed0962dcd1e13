// Property: a .tlog-proof is verified only for the entry, the place and the checkpoint it was made
// for, with its log's key, and what parses is written back to the same text but for an extra line.

#include "events/encoding.h"
#include "events/envelope.h"
#include "ledger/proof_text.h"
#include "ledger/signer.h"
#include "ledger/tree.h"
#include "ledger/verify.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/seeded_random.h"

// The first byte chooses. Even: be16 length, entry, proof, as they come. Odd: a tree is built
// around the entry, its size and the entry's index chosen by the input, and one byte is changed.

namespace phantom::fuzz {
namespace {

constexpr std::size_t kTreeSizeMax = 40;

const Signer& signer() {
  static SeededRandom random(12);
  static const Signer made = Signer::generate("fuzz.example/log", random);
  return made;
}

bool same(const ProofText& a, const ProofText& b) {
  return a.index == b.index && a.hashes == b.hashes &&
         a.checkpoint.checkpoint == b.checkpoint.checkpoint;
}

void check_report(const VerifyReport& report) {
  PH_CHECK(report.exit_code == 0 || report.exit_code == 1 || report.exit_code == 3, "exit code");
  PH_CHECK((report.exit_code == 0) == (report.verdict == Verdict::kVerified), "verdict");
  bool failed = false;
  for (const Check& check : report.checks) {
    PH_CHECK(!failed || check.state == CheckState::kNotEvaluated, "a check after a failure");
    failed = failed || check.state == CheckState::kFail;
    PH_CHECK(report.exit_code != 0 || check.state == CheckState::kPass, "verified without it");
  }
  PH_CHECK(failed == (report.verdict == Verdict::kFailed), "a failure without its verdict");
}

void check_text(std::string_view text) {
  const auto proof = parse_proof(text);
  if (!proof.ok()) return;
  const std::string written = format_proof(*proof);
  const auto again = parse_proof(written);
  PH_CHECK(again.ok() && same(*again, *proof), "a proof does not read back");
  if (written == text) return;
  const std::size_t extra = text.find("extra ");
  PH_CHECK(extra == text.find('\n') + 1, "two texts of one proof");
  std::string without(text);
  without.erase(extra, without.find('\n', extra) + 1 - extra);
  PH_CHECK(without == written, "two texts of one proof, but for its extra line");
}

void check_given(std::string_view text, ByteView entry) {
  check_text(text);
  const VerifyReport alone = verify_proof(text, entry, std::nullopt);
  check_report(alone);
  PH_CHECK(alone.verdict != Verdict::kVerified, "a proof verified without a key");
  const VerifyReport keyed = verify_proof(text, entry, signer().verifier_key());
  check_report(keyed);
  PH_CHECK(alone.verdict != Verdict::kFailed || keyed.verdict == Verdict::kFailed,
           "a key makes a failed proof better");
}

// Inclusion proof by RFC 9162 section 2.1.3.1, over leaves in memory.
Digest subtree(const std::vector<Digest>& leaves, std::size_t begin, std::size_t end) {
  if (end - begin == 1) return leaves[begin];
  std::size_t half = 1;
  while (half * 2 < end - begin) half *= 2;
  return node_hash(subtree(leaves, begin, begin + half), subtree(leaves, begin + half, end));
}

void path(const std::vector<Digest>& leaves, std::size_t begin, std::size_t end, std::size_t index,
          std::vector<Digest>& out) {
  if (end - begin == 1) return;
  std::size_t half = 1;
  while (half * 2 < end - begin) half *= 2;
  const std::size_t middle = begin + half;
  if (index < middle) {
    path(leaves, begin, middle, index, out);
    out.push_back(subtree(leaves, middle, end));
  } else {
    path(leaves, middle, end, index, out);
    out.push_back(subtree(leaves, begin, middle));
  }
}

void check_made(Choices& choices) {
  const std::size_t size = 1 + choices.below(kTreeSizeMax);
  const std::size_t cut = choices.u8() % 3;
  const Bytes where = to_bytes(choices.take(3));
  const Bytes entry = to_bytes(choices.rest());
  const auto parsed = parse_entry(entry);
  if (!parsed.ok()) return;
  const Seq index = (*parsed)->seq();
  if (index >= size) return;
  std::vector<Digest> leaves(size);
  for (std::size_t i = 0; i < size; ++i) leaves[i].fill(static_cast<std::uint8_t>(i));
  leaves[index] = leaf_hash(entry);
  ProofText proof;
  proof.index = index;
  path(leaves, 0, size, index, proof.hashes);
  const Checkpoint checkpoint{"fuzz.example/log", size, subtree(leaves, 0, size)};
  const std::string text = checkpoint.text();
  proof.checkpoint = {
      checkpoint,
      text + "\n" + signature_line(signer().verifier_key(), signer().sign(as_bytes(text)))};
  const std::string good = format_proof(proof);
  check_text(good);
  const VerifyReport report = verify_proof(good, entry, signer().verifier_key());
  check_report(report);
  // An entry that parses may still say things no entry says; then that is what fails.
  const bool sound = report.checks[1].state == CheckState::kPass;
  PH_CHECK(sound == (report.verdict != Verdict::kFailed), "an honest proof fails");

  Choices mutation(where);
  const bool in_proof = cut == 0;
  const Bytes changed =
      with_one_byte_changed(in_proof ? as_bytes(good) : ByteView(entry), mutation);
  const VerifyReport bad = in_proof ? verify_proof(as_text(changed), entry, signer().verifier_key())
                                    : verify_proof(good, changed, signer().verifier_key());
  check_report(bad);
  PH_CHECK(bad.verdict == Verdict::kFailed, "a changed byte does not fail");
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  fuzz::Choices choices({data, size});
  if (choices.u8() % 2 == 1) {
    fuzz::check_made(choices);
    return 0;
  }
  const ByteView entry = choices.take(choices.u16());
  fuzz::check_given(as_text(choices.rest()), entry);
  return 0;
}
