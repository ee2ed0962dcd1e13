#include "vault/dotenv.h"

#include "tests/support/seeded_random.h"
#include "vault/placeholder.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

struct EnvCase {
  const char* text;
  std::vector<std::pair<std::string, std::string>> values;
};

TEST(Dotenv, ReadsEachDialectsForms) {
  const EnvCase cases[] = {
      {"", {}},
      {"\n\n# only a comment\n   # another = one\n", {}},
      {"A=1\nB=two", {{"A", "1"}, {"B", "two"}}},
      {"A=1\r\nB=2\r\n", {{"A", "1"}, {"B", "2"}}},
      {"A=1\rB=2\r", {{"A", "1"}, {"B", "2"}}},
      {"\xef\xbb\xbf"
       "A=1\n",
       {{"A", "1"}}},
      {"export A=1\n  export\tB=2\nexport=3\n", {{"A", "1"}, {"B", "2"}, {"export", "3"}}},
      {"A = 1\nB =2\nC= 3  \n", {{"A", "1"}, {"B", "2"}, {"C", "3"}}},
      {"A: 1\nB:  'x'\n", {{"A", "1"}, {"B", "x"}}},
      {"A=\nB=''\nC=\"\"\nD=``\nE= # nothing\n",
       {{"A", ""}, {"B", ""}, {"C", ""}, {"D", ""}, {"E", ""}}},
      {"A='it is # not a comment' # but this is\n", {{"A", "it is # not a comment"}}},
      {"A=\"say \\\"hi\\\"\\n\\t\\\\ \\$x \\q\"\n", {{"A", "say \"hi\"\n\t\\ $x \\q"}}},
      {"A='no \\n escapes'\nB=`neither \\n \"here'`\n",
       {{"A", "no \\n escapes"}, {"B", "neither \\n \"here'"}}},
      {"A='it\\'s'\n", {{"A", "it's"}}},
      {"A=\"ends with a backslash\\\\\"\nB=1\n", {{"A", "ends with a backslash\\"}, {"B", "1"}}},
      {"A=a#b c # comment\n", {{"A", "a#b c"}}},
      {"A=b=c==\n", {{"A", "b=c=="}}},
      {"a.b-c=1\n_X9=2\n", {{"a.b-c", "1"}, {"_X9", "2"}}},
      {"A=\xc3\xa9\xe2\x82\xac\n", {{"A", "\xc3\xa9\xe2\x82\xac"}}},
      {"A=${B}\nB=$(id)\n", {{"A", "${B}"}, {"B", "$(id)"}}},
      {"PEM=\"-----BEGIN KEY-----\nline\n\n-----END KEY-----\n\"\nB=1\n",
       {{"PEM", "-----BEGIN KEY-----\nline\n\n-----END KEY-----\n"}, {"B", "1"}}},
      {"PEM='a\r\nb'\r\nB=1\r\n", {{"PEM", "a\r\nb"}, {"B", "1"}}},
  };
  for (const EnvCase& test : cases) {
    const auto file = parse_dotenv(test.text);
    ASSERT_TRUE(file.ok()) << test.text << file.error().message;
    ASSERT_EQ(file->entries.size(), test.values.size()) << test.text;
    for (std::size_t i = 0; i < test.values.size(); ++i) {
      EXPECT_EQ(file->entries[i].key, test.values[i].first) << test.text;
      EXPECT_EQ(dotenv_value(test.text, file->entries[i]).text(), test.values[i].second)
          << test.text;
    }
  }
}

TEST(Dotenv, CountsLinesThroughEveryLineEnd) {
  const auto file = parse_dotenv("A=1\r\nB='x\ry\r\nz'\n\nC=3\rD=4");
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(file->entries.size(), 4U);
  EXPECT_EQ(file->entries[0].line, 1U);
  EXPECT_EQ(file->entries[1].line, 2U);
  EXPECT_EQ(file->entries[2].line, 6U);
  EXPECT_EQ(file->entries[3].line, 7U);
}

TEST(Dotenv, RefusesWhatItCannotReadAndNamesTheLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"A=1\nB=\"open\nC=2\n", "line 2: the quote of B is never closed"},
      {"A='open", "line 1: the quote of A is never closed"},
      {"A=`open", "line 1: the quote of A is never closed"},
      {"A=1\n\nB=\"x\"y\n", "line 3: text after the closing quote of B"},
      {"1A=2\n", "line 1: the text before '=' is not a variable name"},
      {"=2\n", "line 1: the text before '=' is not a variable name"},
      {"my key=2\n", "line 1: the text before '=' is not a variable name"},
      {std::string(129, 'K') + "=1", "line 1: the text before '=' is not a variable name"},
      {std::string("A=1\nB=\0x", 8), "line 2: a NUL byte: this is not a UTF-8 text file"},
      {"A=1\nB=p\xe4ss\n", "line 2: a byte that is not UTF-8, as in files saved as Latin-1"},
      {std::string("\xff\xfe"
                   "A\0=\0",
                   6),
       "the file is UTF-16, and readers of dotenv files want UTF-8"},
      {std::string("\xfe\xff\0A\0=", 6),
       "the file is UTF-16, and readers of dotenv files want UTF-8"},
  };
  for (const auto& [text, message] : cases) {
    const auto file = parse_dotenv(text);
    ASSERT_FALSE(file.ok()) << text;
    EXPECT_EQ(file.error().code, Code::kInvalid);
    EXPECT_EQ(file.error().message, message);
    EXPECT_FALSE(file.error().hint.empty());
  }
  EXPECT_EQ(parse_dotenv(std::string(kDotenvBytesMax + 1, '\n')).error().code, Code::kLimit);
}

TEST(Dotenv, ReportsDuplicatesOddLinesAndHashes) {
  const auto file = parse_dotenv("A=1\nB=2\nA=3\nB=4\nA=5\nstray words\nC=x#y\n");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->duplicate_keys, (std::vector<std::string>{"A", "B"}));
  EXPECT_TRUE(file->entries[0].overridden);
  EXPECT_TRUE(file->entries[2].overridden);
  EXPECT_FALSE(file->entries[4].overridden);
  EXPECT_EQ(file->other_lines, (std::vector<std::size_t>{6}));
  EXPECT_TRUE(file->entries[5].hash_inside);
  EXPECT_FALSE(file->entries[4].hash_inside);
}

TEST(Dotenv, EndsAtAQuoteWithABackslashWhereNothingElseFits) {
  const EnvCase cases[] = {
      {"A='C:\\dir\\'\nB=1\n", {{"A", "C:\\dir\\"}, {"B", "1"}}},
      {"A='C:\\' # it's\nB='D:\\'", {{"A", "C:\\"}, {"B", "D:\\"}}},
      {"A='it\\'s\\'\n", {{"A", "it's\\"}}},
      {"A='one\\'\ntwo'\n", {{"A", "one'\ntwo"}}},
  };
  for (const EnvCase& test : cases) {
    const auto file = parse_dotenv(test.text);
    ASSERT_TRUE(file.ok()) << test.text << file.error().message;
    ASSERT_EQ(file->entries.size(), test.values.size()) << test.text;
    for (std::size_t i = 0; i < test.values.size(); ++i) {
      EXPECT_EQ(dotenv_value(test.text, file->entries[i]).text(), test.values[i].second)
          << test.text;
    }
  }
}

TEST(Dotenv, WarnsWhereReadersSeeDifferentValues) {
  using enum DotenvDoubt;
  const std::pair<const char*, std::vector<DotenvDoubt>> cases[] = {
      {"A=1 # note\nB='x # $y \\n'\nC=\"a\\nb\\r\"\nD=cost$\nE=a\\b\nF=\"$ 5\"\r\n", {}},
      {"A=x#y\n", {kHash}},
      {"A=$B\n", {kExpansion}},
      {"A=\"${B:-c}\"\n", {kExpansion}},
      {"A=`$(id)`\n", {kExpansion, kBacktick}},
      {"A=pa$$word\n", {kExpansion}},
      {"A=\"\\$B\"\n", {kEscape}},
      {"A=\"say \\\"hi\\\"\"\n", {kEscape}},
      {"A=\"a\\tb\"\n", {kEscape}},
      {"A='it\\'s'\n", {kEscape}},
      {"A: 1\n", {kColon}},
      {"A='one\ntwo'\n", {kManyLines}},
      {"A=1\rB=2\r", {kLoneReturn}},
      {"\xef\xbb\xbf"
       "A=1\n",
       {kByteOrderMark}},
  };
  for (const auto& [text, doubts] : cases) {
    const auto file = parse_dotenv(text);
    ASSERT_TRUE(file.ok()) << text;
    ASSERT_EQ(file->warnings.size(), doubts.size()) << text;
    for (std::size_t i = 0; i < doubts.size(); ++i) {
      EXPECT_EQ(file->warnings[i].doubt, doubts[i]) << text;
      const std::string said = dotenv_warning_text(file->warnings[i]);
      EXPECT_TRUE(said.starts_with("A ") || file->warnings[i].key.empty()) << said;
      EXPECT_GT(said.size(), 30U);
    }
  }
}

// Each is right for some readers and would make another lose the placeholder, or another key;
// tests/scripts/dotenv_readers.py shows which.
TEST(Dotenv, RewriteRefusesWhatCannotBeRightForAllReaders) {
  const std::pair<const char*, const char*> cases[] = {
      {"B=1\rA=2\r", "line 1: lines end with CR alone"},
      {"A: YWE=\nB=1\n", "line 1: A is written with ':'"},
      {"A=x#y\t# note\n", "line 1: a tab after the value of A"},
      {"\nA=`x` \t# note\n", "line 2: a tab after the value of A"},
      {"A=`x`#note\n", "line 1: a value cannot be put there"},
  };
  for (const auto& [text, message] : cases) {
    const auto file = parse_dotenv(text);
    ASSERT_TRUE(file.ok()) << text;
    const std::size_t which = file->entries[0].key == "A" ? 0 : 1;
    const auto out = rewrite_dotenv(text, *file, {{which, "phm_1"}});
    ASSERT_FALSE(out.ok()) << text;
    EXPECT_TRUE(out.error().message.starts_with(message)) << out.error().message;
    EXPECT_FALSE(out.error().hint.empty());
    EXPECT_EQ(*rewrite_dotenv(text, *file, {}), text);
  }
}

TEST(Dotenv, BackticksGiveWayToo) {
  const std::string text = "A=`one\ntwo` # note\nB=1\n";
  const auto file = parse_dotenv(text);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(*rewrite_dotenv(text, *file, {{0, "phm_1"}}), "A=phm_1 # note\nB=1\n");
}

TEST(Dotenv, RewritesOnlyTheValueBytes) {
  const std::string text =
      "\xef\xbb\xbf# head\r\n  export KEY = \"se\\\"cret\"  # note\r\nPLAIN=keep\r\n"
      "PEM='-----BEGIN\r\nx\r\n-----END'\r\nKEY=other\r\nEMPTY=   # later";
  const auto file = parse_dotenv(text);
  ASSERT_TRUE(file.ok());
  const auto out =
      rewrite_dotenv(text, *file, {{0, "phm_1"}, {2, "phm_2"}, {3, "phm_1"}, {4, "phm_3"}});
  ASSERT_TRUE(out.ok()) << out.error().message;
  EXPECT_EQ(*out,
            "\xef\xbb\xbf# head\r\n  export KEY = \"phm_1\"  # note\r\nPLAIN=keep\r\n"
            "PEM='phm_2'\r\nKEY=phm_1\r\nEMPTY=phm_3   # later");
}

TEST(Dotenv, RewriteRefusesWhatWouldNotReadBack) {
  const std::string text = "A=1\nB: # nothing\n";
  const auto file = parse_dotenv(text);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(rewrite_dotenv(text, *file, {{0, "x"}, {0, "y"}}).error().code, Code::kInvalid);
  EXPECT_EQ(rewrite_dotenv(text, *file, {{2, "x"}}).error().code, Code::kInvalid);
  EXPECT_EQ(rewrite_dotenv(text, *file, {{0, "a b"}}).error().code, Code::kInvalid);
  EXPECT_EQ(rewrite_dotenv(text, *file, {{0, ""}}).error().code, Code::kInvalid);
  EXPECT_EQ(rewrite_dotenv(text, *file, {{1, "x"}}).error().code, Code::kInvalid);
}

// Any text made of these pieces: when it parses, rewriting some of its values keeps every byte
// outside of them, and the result reads as the placeholders.
TEST(Dotenv, RewritingAnyFileKeepsEveryOtherByte) {
  const std::string pieces[] = {"A",
                                "KEY_2",
                                "=",
                                " = ",
                                "\n",
                                "\r\n",
                                "\r",
                                "'",
                                "\"",
                                "`",
                                " #",
                                "#",
                                "x y",
                                "\\",
                                "\\n",
                                "\\\"",
                                "\t",
                                "$v",
                                "-----BEGIN",
                                "export ",
                                "A=1\n",
                                "B='x'\n",
                                "C=\"y\nz\"\r\n",
                                ": ",
                                "\xc3\xa9"};
  SeededRandom random(11);
  int rewritten = 0;
  for (int round = 0; round < 25'000; ++round) {
    std::string text;
    const std::uint64_t count = random.below(14);
    for (std::uint64_t i = 0; i < count; ++i) text += pieces[random.below(std::size(pieces))];
    const auto file = parse_dotenv(text);
    if (!file.ok() || file->entries.empty()) continue;
    std::vector<DotenvReplacement> replacements;
    for (std::size_t i = 0; i < file->entries.size(); ++i) {
      if (random.below(2) == 0) replacements.push_back({i, make_placeholder(random)});
    }
    const auto out = rewrite_dotenv(text, *file, replacements);
    if (!out.ok()) {
      // The places that are not right for all readers.
      const bool colon = text.find(": ") != std::string::npos;
      const bool lone_return = text.find('\r') != std::string::npos;
      const bool after_value = text.find('\t') != std::string::npos;
      const bool backtick = text.find("`#") != std::string::npos;
      EXPECT_TRUE(colon || lone_return || after_value || backtick) << text;
      continue;
    }
    ++rewritten;
    const auto again = parse_dotenv(*out);
    ASSERT_TRUE(again.ok()) << text;
    ASSERT_EQ(again->entries.size(), file->entries.size()) << text;
    std::size_t from = 0;
    std::size_t to = 0;
    for (const DotenvReplacement& replacement : replacements) {
      const DotenvEntry& before = file->entries[replacement.entry];
      const DotenvEntry& after = again->entries[replacement.entry];
      EXPECT_EQ(text.substr(from, replaced_span(before).begin - from),
                out->substr(to, replaced_span(after).begin - to));
      EXPECT_EQ(dotenv_value(*out, after).text(), replacement.value);
      from = replaced_span(before).end;
      to = replaced_span(after).end;
    }
    EXPECT_EQ(text.substr(from), out->substr(to)) << text;
  }
  EXPECT_GT(rewritten, 2'000);
}

}  // namespace
}  // namespace phantom
