#include "vault/age_file.h"

#include "events/encoding.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

constexpr unsigned kCheap = 4;

SecretBytes text(std::string_view value) { return SecretBytes::copy_of(value); }

Bytes sealed(std::string_view plain, std::string_view passphrase) {
  SeededRandom random(7);
  auto file = seal_age_file(text(plain), text(passphrase), kCheap, random);
  return std::move(*file);
}

Code open_code(ByteView file, std::string_view passphrase) {
  const auto opened = open_age_file(file, text(passphrase));
  return opened.ok() ? Code::kInternal : opened.error().code;
}

TEST(AgeFile, RoundTripsEverySizeAroundPieces) {
  for (const std::size_t size : {0U, 1U, 65'535U, 65'536U, 65'537U, 131'072U, 200'000U}) {
    const std::string plain(size, 'x');
    const Bytes file = sealed(plain, "pass phrase");
    const auto opened = open_age_file(file, text("pass phrase"));
    ASSERT_TRUE(opened.ok()) << size;
    EXPECT_EQ(opened->text(), plain) << size;
  }
}

TEST(AgeFile, StartsWithTheHeaderOfTheSpecification) {
  const Bytes file = sealed("hello", "pass");
  const std::string_view start = as_text(file);
  EXPECT_TRUE(start.starts_with("age-encryption.org/v1\n-> scrypt "));
  const std::string_view stanza = start.substr(22, start.find('\n', 22) - 22);
  EXPECT_EQ(stanza.size(), std::string_view("-> scrypt ").size() + 22 + 2);
  EXPECT_TRUE(stanza.ends_with(" 4"));
}

TEST(AgeFile, SaysThatThePassphraseIsWrong) {
  EXPECT_EQ(open_code(sealed("hello", "pass"), "other"), Code::kDenied);
}

TEST(AgeFile, NoticesEveryChangedByte) {
  const Bytes file = sealed("hello", "pass");
  for (std::size_t i = 0; i < file.size(); ++i) {
    Bytes changed = file;
    changed[i] ^= 1;
    EXPECT_FALSE(open_age_file(changed, text("pass")).ok()) << i;
  }
}

TEST(AgeFile, NoticesWhatIsCutOffOrAdded) {
  const Bytes file = sealed(std::string(70'000, 'x'), "pass");
  for (const std::size_t cut : {1UL, 17UL, 4'480UL, 4'481UL, 70'000UL, 70'032UL}) {
    EXPECT_FALSE(open_age_file(ByteView(file).first(file.size() - cut), text("pass")).ok()) << cut;
  }
  Bytes longer = file;
  longer.push_back(0);
  EXPECT_EQ(open_code(longer, "pass"), Code::kCorrupt);
}

TEST(AgeFile, RefusesACostBeyondTheBoundBeforeAnyWork) {
  const std::string head = "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA ";
  const std::string tail = "\nAAAA\n--- AAAA\n";
  EXPECT_EQ(open_code(as_bytes(head + "21" + tail), "p"), Code::kUnsupported);
  EXPECT_EQ(open_code(as_bytes(head + "63" + tail), "p"), Code::kUnsupported);
  EXPECT_EQ(open_code(as_bytes(head + "018" + tail), "p"), Code::kCorrupt);
  EXPECT_EQ(open_code(as_bytes(head + "0" + tail), "p"), Code::kCorrupt);
  EXPECT_EQ(open_code(as_bytes(head + "-1" + tail), "p"), Code::kCorrupt);
}

TEST(AgeFile, TellsOtherFilesFromDamagedOnes) {
  EXPECT_EQ(open_code(as_bytes("PK\x03\x04"), "p"), Code::kInvalid);
  EXPECT_EQ(open_code({}, "p"), Code::kInvalid);
  EXPECT_EQ(open_code(as_bytes("-----BEGIN AGE ENCRYPTED FILE-----\n"), "p"), Code::kInvalid);
  EXPECT_EQ(open_code(as_bytes("age-encryption.org/v1\n-> X25519 abc\nAAAA\n--- AAAA\n"), "p"),
            Code::kUnsupported);
}

TEST(AgeFile, RefusesASecondRecipientBesideThePassphrase) {
  const Bytes file = sealed("hello", "pass");
  std::string changed(as_text(file));
  const std::size_t mac = changed.find("\n---");
  changed.insert(mac, "\n-> X25519 abc\nAAAA");
  EXPECT_EQ(open_code(as_bytes(changed), "pass"), Code::kCorrupt);
}

TEST(AgeFile, RefusesAnEmptyPassphraseAndWrongCosts) {
  SeededRandom random(1);
  EXPECT_EQ(seal_age_file(text("x"), {}, kCheap, random).error().code, Code::kInvalid);
  EXPECT_EQ(seal_age_file(text("x"), text("p"), 0, random).error().code, Code::kInvalid);
  EXPECT_EQ(seal_age_file(text("x"), text("p"), 21, random).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace phantom
