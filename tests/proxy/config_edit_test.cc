#include "proxy/config_edit.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

const std::string kHead =
    "# my project: don't touch\n[phantom]\nversion = 1 # the only one\n"
    "project_id = \"0123456789abcdef\"\n";

ServiceText sample(const std::string& name) {
  return {name, {{"secret", "OWN_API_KEY"}, {"host", "api.own.example"}}};
}

std::string text_of(Result<EditedConfig> edited) {
  if (!edited.ok()) return "error: " + edited.error().message;
  return edited->text;
}

TEST(ConfigEdit, AddsATableAtTheEnd) {
  const auto edited = add_service(kHead, sample("own"));
  ASSERT_TRUE(edited.ok()) << edited.error().message;
  EXPECT_EQ(edited->text,
            kHead + "\n[services.own]\nsecret = \"OWN_API_KEY\"\nhost = \"api.own.example\"\n");
  EXPECT_EQ(edited->keys, (std::vector<std::string>{"services.own.host", "services.own.secret"}));
  ASSERT_EQ(edited->config.services.size(), 1U);
  EXPECT_EQ(edited->config.services[0].host, "api.own.example");
  EXPECT_EQ(add_service(edited->text, sample("own")).error().code, Code::kExists);
}

TEST(ConfigEdit, AddedAndRemovedIsTheSameText) {
  const std::vector<std::string> texts = {
      kHead,
      kHead + "\n",
      kHead + "# end\n",
      kHead + "\n[services.a] # first\n# note\nsecret = \"A_KEY\"\nhost='a.example'#x\n\n# tail\n",
      "\xef\xbb\xbf" + kHead,
      "# \u00e9\u4e16\u754c \U0001f600\n" + kHead + "  # \u00fc\n",
  };
  for (const std::string& text : texts) {
    SCOPED_TRACE(text);
    const auto added = add_service(text, sample("own"));
    ASSERT_TRUE(added.ok()) << added.error().message;
    EXPECT_TRUE(added->text.starts_with(text));
    EXPECT_EQ(text_of(remove_service(added->text, "own")), text);
  }
}

TEST(ConfigEdit, KeepsTheLineEndsOfTheFile) {
  std::string crlf;
  for (const char c : kHead) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  const auto added = add_service(crlf, sample("own"));
  ASSERT_TRUE(added.ok());
  EXPECT_EQ(added->text, crlf +
                             "\r\n[services.own]\r\nsecret = \"OWN_API_KEY\"\r\n"
                             "host = \"api.own.example\"\r\n");
  EXPECT_EQ(text_of(remove_service(added->text, "own")), crlf);
  const std::string open_end = kHead.substr(0, kHead.size() - 1);
  EXPECT_EQ(text_of(add_service(open_end, sample("own"))),
            text_of(add_service(kHead, sample("own"))));
}

TEST(ConfigEdit, ReplacesAValueWhereItStands) {
  struct Place {
    std::string before;
    std::string after;
  };
  const std::vector<Place> places = {
      {"[services.own]\nsecret = \"A\" # why\nhost = \"old.example\"   # \u00fc\n",
       "[services.own]\nsecret = \"A\" # why\nhost = \"new.example\"   # \u00fc\n"},
      {"[services.own]\n  host='old.example'\n  secret = \"A\"\n",
       "[services.own]\n  host=\"new.example\"\n  secret = \"A\"\n"},
      {"[services.own]\nsecret = \"A\"\nhost = \"\"\"\nold.example\"\"\"\n# tail\n",
       "[services.own]\nsecret = \"A\"\nhost = \"new.example\"\n# tail\n"},
      {"[services]\nown = { secret = \"A\", host = \"old.example\" } # inline\n",
       "[services]\nown = { secret = \"A\", host = \"new.example\" } # inline\n"},
      {"[services]\nown.secret = \"A\"\nown.host = \"old.example\"\n",
       "[services]\nown.secret = \"A\"\nown.host = \"new.example\"\n"},
      {"[ services . \"own\" ]\n\"secret\" = \"A\"\n'host' = \"old.example\"\n",
       "[ services . \"own\" ]\n\"secret\" = \"A\"\n'host' = \"new.example\"\n"},
  };
  for (const Place& place : places) {
    SCOPED_TRACE(place.before);
    const auto edited = set_service_key(kHead + place.before, "own", "host", "new.example");
    ASSERT_TRUE(edited.ok()) << edited.error().message;
    EXPECT_EQ(edited->text, kHead + place.after);
    EXPECT_EQ(edited->keys, std::vector<std::string>{"services.own.host"});
  }
}

TEST(ConfigEdit, PutsAMissingKeyBehindTheOthers) {
  const std::string own =
      "[services.own]\n# say\nsecret = \"A\"\nhost = \"a.example\" # h\n\n# b\n";
  EXPECT_EQ(
      text_of(set_service_key(kHead + own + "[services.z]\nsecret=\"Z\"\nhost=\"z.example\"\n",
                              "own", "header", "X-Key")),
      kHead +
          "[services.own]\n# say\nsecret = \"A\"\nhost = \"a.example\" # h\n"
          "header = \"X-Key\"\n\n# b\n[services.z]\nsecret=\"Z\"\nhost=\"z.example\"\n");
  // The last line has no end.
  EXPECT_EQ(text_of(set_service_key(kHead + "[services.own]\nsecret = \"A\"\nhost = \"a.example\"",
                                    "own", "header", "X-Key")),
            kHead + "[services.own]\nsecret = \"A\"\nhost = \"a.example\"\nheader = \"X-Key\"");
  // A table of a built-in may have no key at all.
  EXPECT_EQ(text_of(set_service_key(kHead + "[services.openai]\n", "openai", "base_path", "/v2")),
            kHead + "[services.openai]\nbase_path = \"/v2\"\n");
}

TEST(ConfigEdit, SettingWhatIsThereChangesNothing) {
  const std::string text = kHead + "[services.own]\nsecret = 'A'\nhost = 'a.example'\n";
  const auto edited = set_service_key(text, "own", "host", "a.example");
  ASSERT_TRUE(edited.ok());
  EXPECT_EQ(edited->text, text);
  EXPECT_TRUE(edited->keys.empty());
}

TEST(ConfigEdit, ReplacingTakesOutWhatIsNotNamed) {
  const std::string text = kHead +
                           "# above\n[services.own]\n# in\nheader = \"X-Old\" # h\n"
                           "secret = \"OLD\"\nport_note = 1\n# below\n";
  EXPECT_FALSE(replace_service(text, sample("own")).ok());  // port_note is no key
  const std::string sound = kHead +
                            "# above\n[services.own]\n# in\nheader = \"X-Old\" # h\n"
                            "secret = \"OLD\"\nhost = \"a.example\"\n# below\n";
  const auto edited = replace_service(sound, sample("own"));
  ASSERT_TRUE(edited.ok()) << edited.error().message;
  EXPECT_EQ(edited->text, kHead +
                              "# above\n[services.own]\n# in\nsecret = \"OWN_API_KEY\"\n"
                              "host = \"api.own.example\"\n# below\n");
  EXPECT_EQ(edited->keys, (std::vector<std::string>{"services.own.header", "services.own.host",
                                                    "services.own.secret"}));
}

TEST(ConfigEdit, RemovesOneServiceOfSeveral) {
  const std::string a = "[services.a]\nsecret = \"A\"\nhost = \"a.example\"\n";
  const std::string b = "[services.b]\n# of b\nsecret = \"B\"\nhost = \"b.example\" # b\n";
  const std::string c = "[services.c]\nsecret = \"C\"\nhost = \"c.example\"\n";
  EXPECT_EQ(text_of(remove_service(kHead + a + b + c, "b")), kHead + a + c);
  EXPECT_EQ(text_of(remove_service(kHead + "\n" + a + "\n# on b\n" + b + "\n" + c, "b")),
            kHead + "\n" + a + "\n# on b\n\n" + c);
  EXPECT_EQ(text_of(remove_service(kHead + a + "\n" + b + "# on c\n" + c, "b")),
            kHead + a + "\n# on c\n" + c);
  EXPECT_EQ(remove_service(kHead + a, "b").error().code, Code::kNotFound);
}

TEST(ConfigEdit, WhatCannotBeEditedSafelyIsLeftToAnEditor) {
  const std::string inline_table =
      kHead + "[services]\nown = { secret = \"A\", host = \"a.example\" }\n";
  EXPECT_EQ(remove_service(inline_table, "own").error().code, Code::kUnsupported);
  EXPECT_EQ(set_service_key(inline_table, "own", "header", "X").error().code, Code::kUnsupported);
  const std::string closed =
      kHead.substr(0, 0) + "services = { a = { secret = \"A\", host = \"a.example\" } }\n" + kHead;
  EXPECT_FALSE(add_service(closed, sample("own")).ok());
}

TEST(ConfigEdit, ResultsAreHeldToTheRulesOfAConfiguration) {
  EXPECT_EQ(add_service(kHead, {"Own", {{"secret", "A"}, {"host", "a.example"}}}).error().code,
            Code::kInvalid);
  EXPECT_EQ(
      add_service(kHead, {"own", {{"secret", "A"}, {"host", "https://a.example"}}}).error().code,
      Code::kInvalid);
  EXPECT_EQ(
      add_service(kHead, {"own", {{"secret", "A\"\nx = \""}, {"host", "a.example"}}}).error().code,
      Code::kInvalid);
  EXPECT_EQ(add_service(kHead, {"own.x]\n[phantom", {{"secret", "A"}}}).error().code,
            Code::kInvalid);
  EXPECT_EQ(add_service("not toml [", sample("own")).error().code, Code::kInvalid);
}

// Every value of every sound text can be set, and nothing else moves.
TEST(ConfigEdit, OnlyTheBytesOfTheValueChange) {
  const std::string before = kHead + "\n# \u4e16\u754c\n[services.one] # 1\nsecret = \"ONE\"\n\n";
  for (const std::string gap : {" = ", "=", "\t=\t", "   =      "}) {
    for (const std::string tail : {"\n", " # c\n", "\n\n\n# d\n", "\r\n"}) {
      const std::string head = before + "host" + gap;
      const auto edited =
          set_service_key(head + "\"a.example\"" + tail, "one", "host", "bb.example");
      ASSERT_TRUE(edited.ok()) << edited.error().message;
      EXPECT_EQ(edited->text, head + "\"bb.example\"" + tail);
    }
  }
}

}  // namespace
}  // namespace phantom
