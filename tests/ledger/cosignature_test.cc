#include "ledger/cosignature.h"

#include "events/encoding.h"
#include "ledger/key_text.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

// Derived from the key pair of golang/mod's sumdb/note/note_test.go and C2SP's example checkpoint.
const char kSeed[] = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";
constexpr std::uint64_t kTime = 1679315147;
const std::string kText =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const std::string kLine =
    "\xe2\x80\x94 PeterNeumann "
    "GLl4CwAAAABkGFDLJeR//"
    "pqzhnEKVvEm2wWbh2RJ6oru5+cUUfm5X9NnlaGr8aSH9QE5RVZD4QGlxl2F5UpVIIi94p178KL"
    "fqPPsAA==\n";
// An ML-DSA line has 2,420 bytes of signature; what it says here does not matter.
const std::string kOtherType =
    NoteSignature{"PeterNeumann", 0x01020304, Bytes(8 + 2'420, 7)}.line();

Cosigner peter() { return std::move(*Cosigner::from_seed("PeterNeumann", *from_hex(kSeed))); }

TEST(Cosignature, KnownAnswerOfKeyMessageAndLine) {
  const Cosigner cosigner = peter();
  EXPECT_EQ(cosigner.key().id, 0x18b9780bU);
  EXPECT_EQ(cosignature_message(kTime, kText), "cosignature/v1\ntime 1679315147\n" + kText);
  EXPECT_EQ(cosignature_line(cosigner.key(), cosigner.cosign(kTime, kText)), kLine);
  const CosignatureCheck check = check_cosignature(kText + "\n" + kLine, cosigner.key());
  EXPECT_EQ(check.found, NoteCheck::kGood);
  EXPECT_EQ(check.time_s, kTime);
}

// The line of C2SP's tlog-cosignature page.
TEST(Cosignature, ReadsTheLayoutOfTheSpecification) {
  const std::string note =
      kText +
      "\n\xe2\x80\x94 witness.example.com/w1 "
      "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"
      "mbIUBkBIfZ+qnA==\n";
  const auto parsed = parse_note(note);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->signatures[0].id, 0x8d66cf3fU);
  EXPECT_EQ(parsed->signatures[0].signature.size() + 4, 76U);
  ASSERT_TRUE(parse_cosignature(parsed->signatures[0]));
  EXPECT_EQ(parse_cosignature(parsed->signatures[0])->time_s, kTime);
}

TEST(Cosignature, KeysHaveOneTextAndOneType) {
  const Cosigner cosigner = peter();
  const std::string text = cosigner.key().text();
  EXPECT_TRUE(text.starts_with("PeterNeumann+18b9780b+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq"));
  const auto again = parse_cosigner_key(text);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, cosigner.key());
  const VerifierKey log_key = make_verifier_key("PeterNeumann", cosigner.key().key);
  EXPECT_FALSE(parse_cosigner_key(log_key.text()).ok());
  EXPECT_FALSE(parse_verifier_key(text).ok());
  std::string other = text;
  other[other.find('+') + 1] = '0';
  for (const std::string& bad : {std::string(), std::string("x"), text + "=", text + "\n", other}) {
    EXPECT_FALSE(parse_cosigner_key(bad).ok()) << bad;
  }
}

TEST(Cosignature, OtherTextTimeNameOrKeyDoesNotVerify) {
  const Cosigner cosigner = peter();
  const std::string note = kText + "\n" + kLine;
  EXPECT_EQ(check_cosignature("x" + note, cosigner.key()).found, NoteCheck::kBad);
  Cosignature moved = cosigner.cosign(kTime, kText);
  moved.time_s += 1;
  EXPECT_EQ(
      check_cosignature(kText + "\n" + cosignature_line(cosigner.key(), moved), cosigner.key())
          .found,
      NoteCheck::kBad);
  EXPECT_EQ(check_cosignature(note, make_cosigner_key("other", cosigner.key().key)).found,
            NoteCheck::kUnknown);
  SeededRandom random(1);
  EXPECT_EQ(check_cosignature(note, Cosigner::generate("PeterNeumann", random).key()).found,
            NoteCheck::kUnknown);
  // A signature over the bare text, as a log makes it, is no cosignature.
  const Signer log_like = std::move(*Signer::from_seed("PeterNeumann", *from_hex(kSeed)));
  NoteSignature line{"PeterNeumann", cosigner.key().id, Bytes(8, 0)};
  const Signature plain = log_like.sign(as_bytes(kText));
  line.signature.insert(line.signature.end(), plain.begin(), plain.end());
  EXPECT_EQ(check_cosignature(kText + "\n" + line.line(), cosigner.key()).found, NoteCheck::kBad);
}

TEST(Cosignature, LinesOfOtherKeysAndTypesAreSkipped) {
  const Cosigner cosigner = peter();
  const std::string unknown = NoteSignature{"grease.example", 7, Bytes(1, 1)}.line();
  const std::string note = kText + "\n" + kOtherType + unknown + kLine + unknown;
  EXPECT_EQ(check_cosignature(note, cosigner.key()).found, NoteCheck::kGood);
  EXPECT_EQ(check_cosignature(kText + "\n" + kOtherType + unknown, cosigner.key()).found,
            NoteCheck::kUnknown);
}

TEST(Cosignature, LatestOfSeveralTimesCountsAndOneBadLineSpoilsAll) {
  const Cosigner cosigner = peter();
  const std::string later = cosignature_line(cosigner.key(), cosigner.cosign(kTime + 60, kText));
  const CosignatureCheck check = check_cosignature(kText + "\n" + later + kLine, cosigner.key());
  EXPECT_EQ(check.found, NoteCheck::kGood);
  EXPECT_EQ(check.time_s, kTime + 60);
  const std::string cut = NoteSignature{"PeterNeumann", cosigner.key().id, Bytes(71, 0)}.line();
  EXPECT_EQ(check_cosignature(kText + "\n" + kLine + cut, cosigner.key()).found, NoteCheck::kBad);
  NoteSignature far{"PeterNeumann", cosigner.key().id, Bytes(72, 0xff)};
  EXPECT_EQ(check_cosignature(kText + "\n" + far.line(), cosigner.key()).found, NoteCheck::kBad);
}

TEST(Cosignature, KeyFilesAreReadBackAndOtherKindsRefused) {
  TempDir scratch;
  const Cosigner cosigner = peter();
  ASSERT_TRUE(cosigner.save(scratch / "witness.key").ok());
  const auto again = Cosigner::load(scratch / "witness.key");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->key(), cosigner.key());
  EXPECT_EQ(Signer::load(scratch / "witness.key").error().code, Code::kInvalid);
  const Signer log_key = std::move(*Signer::from_seed("PeterNeumann", *from_hex(kSeed)));
  ASSERT_TRUE(log_key.save(scratch / "log.key").ok());
  EXPECT_EQ(Cosigner::load(scratch / "log.key").error().code, Code::kInvalid);
  EXPECT_EQ(Cosigner::load(scratch / "none.key").error().code, Code::kNotFound);
  std::string wrong_id(cosigner.text().text());
  wrong_id.replace(wrong_id.find("18b9780b"), 8, "18b9780c");
  EXPECT_EQ(Cosigner::parse(wrong_id).error().code, Code::kInvalid);
  std::filesystem::permissions(scratch / "witness.key", std::filesystem::perms(0644));
  EXPECT_EQ(Cosigner::load(scratch / "witness.key").error().code, Code::kDenied);
}

}  // namespace
}  // namespace phantom
