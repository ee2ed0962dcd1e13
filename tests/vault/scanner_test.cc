#include "vault/scanner.h"

#include "events/encoding.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

#include <chrono>

namespace phantom {
namespace {

constexpr std::string_view kScanned = "example-not/a+real?key=000";

SecretScanner scanner_of(std::string_view value) {
  const SecretBytes secret = SecretBytes::copy_of(value);
  return SecretScanner({{"API_KEY", &secret}});
}

std::string_view form_found(const SecretScanner& scanner, std::string_view text) {
  const auto hit = scanner.find(as_bytes(text));
  return hit ? hit->form : std::string_view("none");
}

std::string url_alphabet(std::string text) {
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

TEST(Scanner, FindsThePlainValueAnywhere) {
  const SecretScanner scanner = scanner_of(kScanned);
  const std::string value(kScanned);
  for (const std::string& text :
       {value, "x" + value, value + "x", "in the middle" + value + "of it"}) {
    EXPECT_EQ(form_found(scanner, text), "plain");
  }
  const auto hit = scanner.find(as_bytes("12345" + value));
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->name, "API_KEY");
  EXPECT_EQ(hit->offset, 5U);
  EXPECT_EQ(form_found(scanner, value.substr(1)), "none");
  EXPECT_EQ(form_found(scanner, ""), "none");
}

TEST(Scanner, FindsBase64AtEveryAlignmentAndInBothAlphabets) {
  // The value's bytes reach the digits that tell the alphabets apart.
  const std::string value = "\xfb\xff\xbe example \xfe\xff\xbf\xfb\xef\xff";
  const SecretScanner scanner = scanner_of(value);
  for (int before = 0; before < 7; ++before) {
    for (int after = 0; after < 4; ++after) {
      const std::string whole = std::string(static_cast<std::size_t>(before), 'u') + value +
                                std::string(static_cast<std::size_t>(after), 'v');
      const std::string encoded = to_base64(as_bytes(whole));
      EXPECT_EQ(form_found(scanner, "Basic " + encoded), "base64") << before << after;
      EXPECT_EQ(form_found(scanner, url_alphabet(encoded)), "base64") << before << after;
    }
  }
}

TEST(Scanner, FindsHexInBothCases) {
  const SecretScanner scanner = scanner_of(kScanned);
  std::string hex = to_hex(as_bytes(kScanned));
  EXPECT_EQ(form_found(scanner, "0x" + hex), "hex");
  for (char& c : hex) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(form_found(scanner, hex), "hex");
}

TEST(Scanner, FindsUrlEncodingInBothCases) {
  const SecretScanner scanner = scanner_of(kScanned);
  EXPECT_EQ(form_found(scanner, "q=example-not%2Fa%2Breal%3Fkey%3D000&x"), "url");
  EXPECT_EQ(form_found(scanner, "q=example-not%2fa%2breal%3fkey%3d000&x"), "url");
}

TEST(Scanner, ShortValuesAreFoundAsWholeWordsOnly) {
  const SecretScanner scanner = scanner_of("blue7");
  EXPECT_EQ(form_found(scanner, "is blue7."), "plain");
  EXPECT_EQ(form_found(scanner, std::string_view("\0blue7\0", 7)), "plain");
  EXPECT_EQ(form_found(scanner, "xblue7"), "none");
  EXPECT_EQ(form_found(scanner, "blue7_, blue7"), "plain");
  EXPECT_EQ(form_found(scanner, to_hex(as_bytes("blue7"))), "none");
  EXPECT_EQ(form_found(scanner_of("abc"), "abc"), "none");
  EXPECT_EQ(form_found(scanner_of(""), ""), "none");
}

TEST(Scanner, NamesTheRightOneOfMany) {
  std::vector<SecretBytes> values;
  std::vector<LoadedSecret> secrets;
  SeededRandom random(31);
  for (int i = 0; i < 300; ++i) {
    SecretBytes value = SecretBytes::zeros(8 + static_cast<std::size_t>(i % 40));
    random.fill(value.writable());
    values.push_back(std::move(value));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    secrets.push_back({"SECRET_" + std::to_string(i), &values[i]});
  }
  const SecretScanner scanner(secrets);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto hit = scanner.find(as_bytes("x" + to_hex(values[i].view()) + "y"));
    ASSERT_TRUE(hit) << i;
    EXPECT_EQ(hit->name, "SECRET_" + std::to_string(i));
  }
  // Quick enough to look at every draft: far below a commit's sync, even unoptimised.
  Bytes draft(2'048);
  random.fill(draft);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1'000; ++i) {
    draft[0] = static_cast<std::uint8_t>(i);
    EXPECT_FALSE(scanner.find(draft));
  }
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took, std::chrono::seconds(2));
}

TEST(Scanner, GuardRefusesTheDraftAndNamesTheSecretNotItsValue) {
  const SecretBytes value = SecretBytes::copy_of(kScanned);
  const DraftGuard guard = make_draft_guard(
      std::make_shared<const SecretScanner>(std::vector<LoadedSecret>{{"API_KEY", &value}}));
  EXPECT_TRUE(guard(as_bytes("an honest event")).ok());
  const Status refused = guard(as_bytes("an event with " + std::string(kScanned)));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kDenied);
  EXPECT_EQ(refused.error().message, "event would carry the value of secret API_KEY; refused");
}

}  // namespace
}  // namespace phantom
