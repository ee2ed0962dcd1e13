#include "events/encoding.h"

#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

#include <limits>

namespace phantom {
namespace {

TEST(Hex, GoesBothWaysForEveryByte) {
  Bytes all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  const std::string text = to_hex(all);
  EXPECT_EQ(text.substr(0, 8), "00010203");
  EXPECT_EQ(text.substr(504), "fcfdfeff");
  EXPECT_EQ(from_hex(text), all);
  EXPECT_EQ(from_hex(""), Bytes());
}

TEST(Hex, RefusesAllOtherTexts) {
  for (const char* text :
       {"0", "000", "0g", "g0", "AB", "aB", " 00", "00 ", "0x00", "00\n", "-1"}) {
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
  }
}

// RFC 4648 section 10.
TEST(Base64, KnownAnswers) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(to_base64(as_bytes(plain)), text);
    EXPECT_EQ(from_base64(text), to_bytes(std::string_view(plain)));
  }
}

TEST(Base64, RefusesEverySecondSpelling) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "Zm9v\n", "\nZm9v", "Zm 9v",
                           "Zm-v", "Zm_v", "=", "====", "Zg==Zg==", "A", "Zm9vZ"}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
  EXPECT_EQ(from_base64(std::string_view("Zm9v\0", 5)), std::nullopt);
}

TEST(Base64, OneTextForOneValue) {
  SeededRandom random(1);
  for (std::size_t length = 0; length < 100; ++length) {
    Bytes bytes(length);
    random.fill(bytes);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    std::string appended = "before";
    append_base64(appended, bytes);
    EXPECT_EQ(appended, "before" + to_base64(bytes));
  }
}

TEST(Uuid, GoesBothWays) {
  const char* text = "01890a5d-ac96-774b-bcce-b302099a8057";
  const auto id = parse_uuid(text);
  ASSERT_TRUE(id);
  EXPECT_EQ((*id)[0], 0x01);
  EXPECT_EQ((*id)[15], 0x57);
  EXPECT_EQ(format_uuid(*id), text);
}

TEST(Uuid, RefusesAllOtherTexts) {
  for (const char* text :
       {"", "01890a5d-ac96-774b-bcce-b302099a805", "01890a5d-ac96-774b-bcce-b302099a80577",
        "01890A5D-ac96-774b-bcce-b302099a8057", "01890a5dac96774bbcceb302099a8057",
        "01890a5d-ac96-774b-bcceb-302099a8057", "{1890a5d-ac96-774b-bcce-b302099a805}",
        "01890a5d_ac96-774b-bcce-b302099a8057", "0189-a5d-ac96-774b-bcce-b302099a8057"}) {
    EXPECT_EQ(parse_uuid(text), std::nullopt) << text;
  }
}

TEST(Decimal, AcceptsOneSpelling) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("10"), 10U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", "00", "01", "+1", "-1", "-0", " 1", "1 ", "1\n", "0x1", "1.0", "1e3",
                           "18446744073709551616", "99999999999999999999"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  }
}

TEST(BigEndian, GoesBothWays) {
  Bytes bytes;
  put_be16(bytes, 0x0102);
  put_be32(bytes, 0x03040506);
  put_be64(bytes, 0x0708090a0b0c0d0eU);
  EXPECT_EQ(to_hex(bytes), "0102030405060708090a0b0c0d0e");
  EXPECT_EQ(get_be16(bytes), 0x0102);
  EXPECT_EQ(get_be32(ByteView(bytes).subspan(2)), 0x03040506U);
  EXPECT_EQ(get_be64(ByteView(bytes).subspan(6)), 0x0708090a0b0c0d0eU);
}

TEST(BigEndianDeathTest, ReadingPastTheEndIsABug) {
  const Bytes three(3);
  EXPECT_DEATH((void)get_be32(three), "past the end");
}

TEST(EscapeTerminal, KeepsTextOfAnyLanguage) {
  for (const char* text : {"", "plain text ~", "Grüße", "日本語", "naïve café", "🔑 ok"}) {
    EXPECT_EQ(escape_terminal(text), text);
  }
}

// What a log line could do to the terminal that shows it.
TEST(EscapeTerminal, DisarmsAttacks) {
  const std::pair<std::string_view, const char*> attacks[] = {
      {"\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H"},            // clears the screen
      {"\x1b]0;title\x07", "\\x1b]0;title\\x07"},      // sets the title
      {"\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"},  // writes the clipboard
      {"real\rfake", "real\\x0dfake"},                 // overwrites the line
      {"one\ntwo", "one\\x0atwo"},                     // forges a line
      {"a\bb", "a\\x08b"},                             // rubs out
      {"\x7f", "\\x7f"},
      {"\xc2\x9b[2J", "\\x9b[2J"},                      // C1 control sequence introducer
      {"\x9b[2J", "\\x9b[2J"},                          // the same as a bare byte
      {"ok\xe2\x80\xaetxt.exe", "ok\\u{202e}txt.exe"},  // right-to-left override
      {"a\xe2\x81\xa6"
       "b",
       "a\\u{2066}b"},  // bidirectional isolate
      {"a\xe2\x80\x8b"
       "b",
       "a\\u{200b}b"},                // zero-width space
      {"\xef\xbb\xbf", "\\u{feff}"},  // byte order mark
      {"\xe2\x80\xa8", "\\u{2028}"},  // line separator
      {"\xc0\x8a", "\\xc0\\x8a"},     // overlong line feed
      {"\xe0\x80\x8a", "\\xe0\\x80\\x8a"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // surrogate
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // above the last code point
      {"\xe2\x82", "\\xe2\\x82"},                    // cut short
  };
  for (const auto& [text, expected] : attacks) EXPECT_EQ(escape_terminal(text), expected);
  EXPECT_EQ(escape_terminal(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(EscapeTerminal, LeavesNoControlByteInAnyRandomText) {
  SeededRandom random(2);
  for (int round = 0; round < 2'000; ++round) {
    Bytes bytes(random.below(40));
    random.fill(bytes);
    const std::string out = escape_terminal(as_text(bytes));
    for (const char c : out) EXPECT_TRUE(c < 0 || (c >= 0x20 && c != 0x7f)) << to_hex(bytes);
    EXPECT_EQ(escape_terminal(out), out) << to_hex(bytes);
  }
}

TEST(Encoding, JsonKeepsItsMeaningAndLosesWhatDrivesATerminal) {
  EXPECT_EQ(escape_json("{\"a\":\"b\"}"), "{\"a\":\"b\"}");
  EXPECT_EQ(escape_json("\"\x7f\""), "\"\\u007f\"");
  EXPECT_EQ(escape_json("\"\xc2\x9b\""), "\"\\u009b\"");
  EXPECT_EQ(escape_json("\"\xe2\x80\xae\""), "\"\\u202e\"");
  EXPECT_EQ(escape_json("\"\xff\""), "\"\\ufffd\"");
  EXPECT_EQ(escape_json("\"\xc3\xa9\""), "\"\xc3\xa9\"");
}

}  // namespace
}  // namespace phantom
