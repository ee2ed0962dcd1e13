#include "ledger/checkpoint.h"

#include "events/encoding.h"
#include "ledger/tree.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

constexpr std::string_view kFooKey =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
constexpr std::string_view kFooText = "This is an example message.\n";
constexpr std::string_view kFooLine =
    "\xe2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    "\n";
constexpr std::string_view kPeterKey =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

std::string foo_note() { return std::string(kFooText) + "\n" + std::string(kFooLine); }

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  PH_CHECK(at != std::string::npos, "text to replace");
  return text.replace(at, what.size(), with);
}

TEST(VerifierKeyText, ReadsAndWritesPublishedKeys) {
  for (const std::string_view text :
       {kFooKey, kPeterKey,
        std::string_view("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"),
        std::string_view(
            "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")}) {
    const auto key = parse_verifier_key(text);
    ASSERT_TRUE(key.ok()) << text;
    EXPECT_EQ(key->text(), text);
    EXPECT_EQ(make_verifier_key(key->name, key->key).id, key->id);
  }
}

TEST(VerifierKeyText, RefusesWhatIsNotOne) {
  const std::string good(kFooKey);
  for (const std::string& text :
       {std::string(), std::string("example.com/foo"), std::string("a+b"),
        replaced(good, "530d", "530e"), replaced(good, "530d903a", "530D903A"),
        replaced(good, "foo+", "fop+"), replaced(good, "+Aeky", "+Beky"),
        replaced(good, "example.com", "example .com"), good + "\n", good + "A",
        good.substr(0, good.size() - 1), replaced(good, "example.com/foo", "")}) {
    EXPECT_FALSE(parse_verifier_key(text).ok()) << text;
  }
}

TEST(VerifierKeyText, NamesHaveNoSpacesAndNoControlCharacters) {
  EXPECT_TRUE(is_key_name("example.com/foo"));
  EXPECT_TRUE(is_key_name("caf\xc3\xa9"));
  for (const std::string_view name :
       {"", "a b", "a+b", "a\nb", "a\x1b[2J", "a\xe2\x80\x83", "a\xff"}) {
    EXPECT_FALSE(is_key_name(name)) << name;
  }
}

TEST(SignedNote, SpecificationExampleVerifies) {
  const auto key = parse_verifier_key(kFooKey);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(check_note(foo_note(), *key), NoteCheck::kGood);
  const auto note = parse_note(foo_note());
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(note->text, kFooText);
  ASSERT_EQ(note->signatures.size(), 1U);
  EXPECT_EQ(note->signatures[0].name, "example.com/foo");
  EXPECT_EQ(note->signatures[0].id, 0x530d903aU);
  EXPECT_EQ(note->signatures[0].signature.size(), 64U);
  Signature signature{};
  std::copy(note->signatures[0].signature.begin(), note->signatures[0].signature.end(),
            signature.begin());
  EXPECT_EQ(signature_line(*key, signature), kFooLine);
}

// The example of Go's sumdb/note, which C2SP grew from.
TEST(SignedNote, GoExampleVerifies) {
  const std::string note =
      "If you think cryptography is the answer to your problem,\n"
      "then you don't know what your problem is.\n"
      "\n"
      "\xe2\x80\x94 PeterNeumann "
      "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
      "\n";
  const auto key = parse_verifier_key(kPeterKey);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(check_note(note, *key), NoteCheck::kGood);
  EXPECT_EQ(check_note(replaced(note, "problem is.", "problem is!"), *key), NoteCheck::kBad);
}

TEST(SignedNote, NoChangedByteVerifies) {
  const auto key = parse_verifier_key(kFooKey);
  ASSERT_TRUE(key.ok());
  const std::string good = foo_note();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int bit : {0x01, 0x20, 0x80}) {
      std::string note = good;
      note[i] = static_cast<char>(note[i] ^ bit);
      EXPECT_NE(check_note(note, *key), NoteCheck::kGood) << "byte " << i;
    }
  }
}

TEST(SignedNote, UnknownSignersAreSkipped) {
  const auto key = parse_verifier_key(kFooKey);
  const auto other = parse_verifier_key(kPeterKey);
  ASSERT_TRUE(key.ok() && other.ok());
  const std::string grease = "\xe2\x80\x94 grease.example/x AAAAAAE=\n";
  EXPECT_EQ(check_note(foo_note() + grease, *key), NoteCheck::kGood);
  EXPECT_EQ(check_note(std::string(kFooText) + "\n" + grease + std::string(kFooLine), *key),
            NoteCheck::kGood);
  EXPECT_EQ(check_note(foo_note(), *other), NoteCheck::kUnknown);
}

TEST(SignedNote, OneWrongSignatureOfAKnownKeySpoilsTheNote) {
  const auto key = parse_verifier_key(kFooKey);
  ASSERT_TRUE(key.ok());
  const std::string wrong = replaced(std::string(kFooLine), "Uw2QOkn8", "Uw2QOkn9");
  EXPECT_EQ(check_note(foo_note() + wrong, *key), NoteCheck::kBad);
  const std::string cut = "\xe2\x80\x94 example.com/foo Uw2QOkk=\n";
  EXPECT_EQ(check_note(foo_note() + cut, *key), NoteCheck::kBad);
}

TEST(SignedNote, TextMayHoldEmptyLines) {
  const auto note = parse_note("one\n\ntwo\n\n" + std::string(kFooLine));
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(note->text, "one\n\ntwo\n");
}

TEST(SignedNote, RefusesMalformedNotes) {
  const std::string good = foo_note();
  std::string many = std::string(kFooText) + "\n";
  for (int i = 0; i < 101; ++i) many += kFooLine;
  const std::string zero("\0", 1);
  for (const std::string& note :
       {std::string(), std::string(kFooText), std::string(kFooText) + "\n", good + "\n",
        good.substr(0, good.size() - 1), "\n\n" + std::string(kFooLine), good + "junk\n",
        replaced(good, "This", "Th\ris"), replaced(good, "This", "Th" + zero + "s"),
        replaced(good, "This", "Th\xffs"), replaced(good, "This", "\xed\xa0\x80"),
        replaced(good, "yaQM=", "yaQN="), replaced(good, "yaQM=", "yaQM"),
        replaced(good, "example.com/foo ", ""), replaced(good, "com/foo", "com+foo"),
        replaced(good, "com/foo",
                 "com\xe2\x80\x83"
                 "foo"),
        replaced(good, "\xe2\x80\x94", "-"), many}) {
    EXPECT_FALSE(parse_note(note).ok()) << note.substr(0, 200);
  }
}

TEST(CheckpointText, RoundTripsAndKeepsTheNote) {
  const std::string note =
      "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" +
      std::string(kFooLine);
  const auto parsed = parse_checkpoint(note);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->checkpoint.origin, "example.com/behind-the-sofa");
  EXPECT_EQ(parsed->checkpoint.size, 20852163U);
  EXPECT_EQ(parsed->note, note);
  EXPECT_EQ(parsed->checkpoint.text() + "\n" + std::string(kFooLine), note);
}

TEST(CheckpointText, EmptyTreeHasOneRoot) {
  const Checkpoint empty{"example.com/log", 0, empty_root()};
  EXPECT_EQ(empty.text(), "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
  EXPECT_TRUE(parse_checkpoint(empty.text() + "\n" + std::string(kFooLine)).ok());
  const Checkpoint wrong{"example.com/log", 0, Digest{}};
  EXPECT_FALSE(parse_checkpoint(wrong.text() + "\n" + std::string(kFooLine)).ok());
}

TEST(CheckpointText, RefusesMalformedOnes) {
  const std::string root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
  for (const std::string& text : std::initializer_list<std::string>{
           "o\n1\n", "o\n01\n" + root + "\n", "o\n-1\n" + root + "\n", "o\n\n" + root + "\n",
           "\n1\n" + root + "\n", "o\n18446744073709551616\n" + root + "\n", "o\n1\nAAAA\n",
           "o\n1\n" + root + " \n", "o\n1\n" + root + "\n\nmore\n",
           std::string(256, 'o') + "\n1\n" + root + "\n"}) {
    EXPECT_FALSE(parse_checkpoint(text + "\n" + std::string(kFooLine)).ok()) << text;
  }
  EXPECT_TRUE(parse_checkpoint("o\n1\n" + root + "\nextension\n\n" + std::string(kFooLine)).ok());
}

TEST(CheckpointSignature, RfcTestVectorVerifies) {
  // RFC 8032, 7.1, test 1: the empty message.
  const auto bytes = from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const auto raw = from_hex(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
  ASSERT_TRUE(bytes && raw);
  PublicKey key{};
  Signature signature{};
  std::copy(bytes->begin(), bytes->end(), key.begin());
  std::copy(raw->begin(), raw->end(), signature.begin());
  EXPECT_TRUE(verify_signature(key, {}, signature));
  EXPECT_FALSE(verify_signature(key, as_bytes("x"), signature));
  signature[63] ^= 0x20;  // S out of range: a second form of the same signature
  EXPECT_FALSE(verify_signature(key, {}, signature));
}

}  // namespace
}  // namespace phantom
