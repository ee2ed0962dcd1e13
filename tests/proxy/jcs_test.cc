#include "proxy/jcs.h"

#include <gtest/gtest.h>

#include <bit>

namespace phantom {
namespace {

std::string canonical(std::string_view json) {
  const auto value = parse_json(json);
  if (!value.ok()) return value.error().message;
  const auto text = canonical_json(*value);
  return text.ok() ? *text : text.error().message;
}

// RFC 8785 appendix B.
TEST(Jcs, WritesNumbersAsEcmaScriptDoes) {
  struct Sample {
    std::uint64_t bits;
    const char* text;
  };
  constexpr Sample kSamples[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const Sample& each : kSamples) {
    EXPECT_EQ(ecmascript_number(std::bit_cast<double>(each.bits)), each.text);
  }
}

// RFC 8785 section 3.2.2 and 3.2.3: literals, numbers, escapes and order in one example.
TEST(Jcs, WritesTheExampleOfTheSpecification) {
  EXPECT_EQ(canonical(R"({
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    })"),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

// Section 3.2.3: by UTF-16 code units, which is neither the order of UTF-8 nor of code points.
TEST(Jcs, SortsNamesByUtf16) {
  EXPECT_EQ(canonical(R"({"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,
      "\u00f6":7})"),
            "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,"
            "\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}");
}

TEST(Jcs, IsTheSameForEveryWayToWriteAValue) {
  EXPECT_EQ(canonical(" { \"b\" : 1.0 , \"a\" : [ 1e0, \"\\u0061\" ] } "),
            canonical("{\"a\":[1,\"a\"],\"b\":1}"));
  EXPECT_EQ(canonical("[-0, -0.0, 1e-400]"), "[0,0,0]");
}

TEST(Jcs, RefusesWholeNumbersThatWouldShareOneText) {
  EXPECT_EQ(canonical("9007199254740991"), "9007199254740991");
  EXPECT_EQ(canonical("9007199254740993"), "a whole number beyond 2^53 has no canonical form");
}

TEST(JsonValue, RefusesWhatTwoReadersCouldReadInTwoWays) {
  for (const char* text : {"",
                           " ",
                           "{\"a\":1,\"a\":2}",
                           "{\"a\":1,\"\\u0061\":2}",
                           "[1,]",
                           "{,}",
                           "01",
                           "+1",
                           ".5",
                           "1.",
                           "1e",
                           "0x1",
                           "NaN",
                           "1e999",
                           "-",
                           "'a'",
                           "\"\\ud800\"",
                           "\"\\udc00\\ud800\"",
                           "\"\\x41\"",
                           "\"\\u00\"",
                           "\"\\u-001\"",
                           "\"a",
                           "[1]x",
                           "[1] [2]",
                           "tru",
                           "\"\n\"",
                           "\"\xc0\xaf\"",
                           "\"\xed\xa0\x80\"",
                           "\xef\xbb\xbf[]",
                           "[",
                           "{\"a\"",
                           "{\"a\":",
                           "/*c*/1"}) {
    EXPECT_FALSE(parse_json(text).ok()) << text;
  }
}

TEST(JsonValue, IsBounded) {
  EXPECT_TRUE(parse_json(std::string(60, '[') + std::string(60, ']')).ok());
  const auto deep = parse_json(std::string(100'000, '['));
  ASSERT_FALSE(deep.ok());
  EXPECT_EQ(deep.error().code, Code::kLimit);
  EXPECT_EQ(parse_json("[1,2,3]", {.values_max = 3}).error().code, Code::kLimit);
  EXPECT_EQ(parse_json("[1,2,3]", {.bytes_max = 6}).error().code, Code::kLimit);
}

TEST(JsonValue, WritesWhatItRead) {
  const char* text = R"({"b":[1.50,-0,1E5,9007199254740993],"a":{"x":null,"y":true},"t":"\"\\\n"})";
  EXPECT_EQ(to_json(*parse_json(text)), text);
}

TEST(JsonValue, ComparesValuesAndNotTheirText) {
  EXPECT_EQ(*parse_json("{\"a\":1,\"b\":[2.0]}"), *parse_json("{\"b\":[2],\"a\":1e0}"));
  EXPECT_FALSE(*parse_json("1") == *parse_json("\"1\""));
  EXPECT_FALSE(*parse_json("{\"a\":1}") == *parse_json("{\"b\":1}"));
}

}  // namespace
}  // namespace phantom
