#include "cli/json_edit.h"

#include "tests/support/seeded_random.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace phantom {
namespace {

constexpr JsonDialect kStrict = JsonDialect::kStrict;
constexpr JsonDialect kCommented = JsonDialect::kCommented;

struct SetCase {
  const char* what;
  std::string before;
  JsonPath path;
  const char* value;
  std::string after;
};

TEST(JsonEdit, SetsAMemberAsItsNeighboursAreLaidOutAndTakesItBackByteByByte) {
  const SetCase cases[] = {
      {"an empty object", "{}\n", {"a"}, "1", "{\n  \"a\": 1\n}\n"},
      {"a last member",
       "{\n  \"a\": 1\n}",
       {"b"},
       "[1,{\"x\":2}]",
       "{\n  \"a\": 1,\n  \"b\": [1, {\n      \"x\": 2\n    }]\n}"},
      {"parents that are missing",
       "{\n    \"a\": 1\n}\n",
       {"m", "p"},
       "{\"command\":\"x\",\"args\":[\"y\",\"z\"]}",
       "{\n    \"a\": 1,\n    \"m\": {\n        \"p\": {\n            \"command\": \"x\",\n"
       "            \"args\": [\"y\", \"z\"]\n        }\n    }\n}\n"},
      {"tabs, line ends of Windows and a byte order mark",
       "\xef\xbb\xbf{\r\n\t\"a\" : {},\r\n\t\"z\" : 1.0e0\r\n}\r\n",
       {"a", "b"},
       "true",
       "\xef\xbb\xbf{\r\n\t\"a\" : {\r\n\t\t\"b\" : true\r\n\t},\r\n\t\"z\" : 1.0e0\r\n}\r\n"},
      {"one line",
       R"({"a": 1, "o": {"x": 2}})",
       {"o", "y"},
       "{\"q\":3}",
       R"({"a": 1, "o": {"x": 2, "y": {"q": 3}}})"},
      {"one line without blanks",
       R"({"a":1,"o":{"x":2}})",
       {"o", "y"},
       "[1,2]",
       R"({"a":1,"o":{"x":2,"y":[1,2]}})"},
      {"a name with quotes", "{}", {"a\"b\\"}, "null", "{\n  \"a\\\"b\\\\\": null\n}"},
      {"a bracket on the line of the last member",
       "{\n  \"a\": 1}",
       {"b"},
       "2",
       "{\n  \"a\": 1,\n  \"b\": 2}"},
      {"an empty object in a text of one line",
       R"({"a": {}})",
       {"a", "b"},
       "1",
       R"({"a": {"b": 1}})"},
  };
  for (const SetCase& each : cases) {
    for (const JsonDialect dialect : {kStrict, kCommented}) {
      const auto set = set_json_member(each.before, each.path, each.value, dialect);
      ASSERT_TRUE(set.ok()) << each.what << ": " << set.error().message;
      EXPECT_EQ(*set, each.after) << each.what;
      EXPECT_EQ(*json_value(*set, each.path, dialect), each.value) << each.what;
      EXPECT_EQ(*set_json_member(*set, each.path, each.value, dialect), *set) << each.what;
      const EmptyParents parents =
          each.before.find("\"m\"") == std::string::npos && each.path.front() == "m"
              ? EmptyParents::kRemove
              : EmptyParents::kKeep;
      const auto back = remove_json_member(*set, each.path, dialect, parents);
      ASSERT_TRUE(back.ok()) << each.what << ": " << back.error().message;
      EXPECT_EQ(*back, each.before) << each.what;
    }
  }
}

TEST(JsonEdit, KeepsCommentsWhereTheyAreAndLastCommas) {
  const SetCase cases[] = {
      {"a remark behind the last member",
       "{\n  // head\n  \"a\": 1 // about a\n  // foot\n}\n",
       {"b"},
       "2",
       "{\n  // head\n  \"a\": 1, // about a\n  \"b\": 2\n  // foot\n}\n"},
      {"a last comma",
       "{\n  \"a\": 1, /* a */\n}",
       {"b"},
       "2",
       "{\n  \"a\": 1, /* a */\n  \"b\": 2,\n}"},
      {"nothing but a comment",
       "{\n  // \"b\": 1, {\n}",
       {"b"},
       "2",
       "{\n  // \"b\": 1, {\n  \"b\": 2\n}"},
      {"a remark that ends its line in a text of one line",
       "{\"a\": 1 // }\n}",
       {"b"},
       "2",
       "{\"a\": 1, // }\n\"b\": 2\n}"},
      {"comments around the text",
       "// x\n{\n  \"a\": {}\n}\n/* y */",
       {"a", "b"},
       "2",
       "// x\n{\n  \"a\": {\n    \"b\": 2\n  }\n}\n/* y */"},
      {"a comment that looks like its end",
       "{\n  \"a\": 1 /*/ } */\n}",
       {"b"},
       "2",
       "{\n  \"a\": 1, /*/ } */\n  \"b\": 2\n}"},
  };
  for (const SetCase& each : cases) {
    const auto set = set_json_member(each.before, each.path, each.value, kCommented);
    ASSERT_TRUE(set.ok()) << each.what << ": " << set.error().message;
    EXPECT_EQ(*set, each.after) << each.what;
    EXPECT_EQ(*remove_json_member(*set, each.path, kCommented, EmptyParents::kKeep), each.before)
        << each.what;
    EXPECT_EQ(set_json_member(each.before, each.path, each.value, kStrict).error().code,
              Code::kInvalid)
        << each.what;
  }
}

struct RemoveCase {
  const char* before;
  JsonPath path;
  const char* after;
};

TEST(JsonEdit, RemovesAMemberAndItsCommaAndNothingElse) {
  const RemoveCase cases[] = {
      {"{\n  \"a\": 1,\n  \"b\": 2\n}", {"a"}, "{\n  \"b\": 2\n}"},
      {"{\n  \"a\": 1,\n  \"b\": 2\n}", {"b"}, "{\n  \"a\": 1\n}"},
      {"{\n  \"a\": 1,\n\n  \"b\": 2,\n  \"c\": 3\n}", {"b"}, "{\n  \"a\": 1,\n  \"c\": 3\n}"},
      {R"({"a": 1, "b": 2, "c": 3})", {"a"}, R"({"b": 2, "c": 3})"},
      {R"({"a": 1, "b": 2, "c": 3})", {"b"}, R"({"a": 1, "c": 3})"},
      {R"({"a": 1, "b": 2, "c": 3})", {"c"}, R"({"a": 1, "b": 2})"},
      {"{\"a\": 1, // one\n  \"b\": 2 }", {"b"}, "{\"a\": 1 // one\n  }"},
      {"{\n  \"a\": 1,\n  \"b\": 2, // two\n  \"c\": 3\n}",
       {"b"},
       "{\n  \"a\": 1,\n  // two\n  \"c\": 3\n}"},
      {"{\n  // one\n  \"a\": 1,\n  \"b\": 2\n}", {"a"}, "{\n  // one\n  \"b\": 2\n}"},
      {"{\"a\": 1 /* x */ , \"b\": 2}", {"a"}, "{/* x */  \"b\": 2}"},
      {"{\"o\": {\"a\": 1}}", {"o", "a"}, "{\"o\": {}}"},
  };
  for (const RemoveCase& each : cases) {
    const auto removed =
        remove_json_member(each.before, each.path, kCommented, EmptyParents::kKeep);
    ASSERT_TRUE(removed.ok()) << each.before << ": " << removed.error().message;
    EXPECT_EQ(*removed, each.after) << each.before;
  }
  const char* const parents = "{\n  \"o\": {\n    \"p\": {\n      \"a\": 1\n    }\n  }\n}";
  EXPECT_EQ(*remove_json_member(parents, {"o", "p", "a"}, kStrict, EmptyParents::kRemove), "{}");
  const char* const remark = "{\"o\": { /* mine */ \"a\": 1}}";
  EXPECT_EQ(*remove_json_member(remark, {"o", "a"}, kCommented, EmptyParents::kRemove),
            "{\"o\": { /* mine */}}");
}

TEST(JsonEdit, ReplacesAValueWhereItStands) {
  EXPECT_EQ(*set_json_member("{\n\t\"a\": {\n\t\t\"b\": [ 1,2 ] // x\n\t},\n\t\"c\": 1\n}",
                             {"a", "b"}, "{\"d\":\"e\"}", kCommented),
            "{\n\t\"a\": {\n\t\t\"b\": {\n\t\t\t\"d\": \"e\"\n\t\t} // x\n\t},\n\t\"c\": 1\n}");
  // The same value in other blanks is not touched.
  const char* const text = R"({"a": [ 1 , 2 ]})";
  EXPECT_EQ(*set_json_member(text, {"a"}, "[1,2]", kStrict), text);
  EXPECT_EQ(*set_json_member(text, {"a"}, "[2,1]", kStrict), R"({"a": [2, 1]})");
}

TEST(JsonEdit, SaysWhereMembersStand) {
  const std::string text = "{ \"x\": {\"k\\u0061\" : \"v\", \"n\":-1.5e3}}";
  const auto members = json_members(text, {"x"}, kStrict);
  ASSERT_TRUE(members.ok());
  ASSERT_EQ(members->size(), 2U);
  const JsonMember& first = members->front();
  EXPECT_EQ(first.name, "ka");
  EXPECT_EQ(text.substr(first.name_begin, first.name_end - first.name_begin), "\"k\\u0061\"");
  EXPECT_EQ(text.substr(first.value_begin, first.value_end - first.value_begin), "\"v\"");
  EXPECT_EQ(json_members(text, {"y"}, kStrict).error().code, Code::kNotFound);
  EXPECT_EQ(json_members(text, {"x", "n"}, kStrict).error().code, Code::kInvalid);
  EXPECT_EQ(*json_value(text, {"x"}, kStrict), "{\"k\\u0061\":\"v\",\"n\":-1.5e3}");
}

TEST(JsonEdit, RefusesWhatItCannotBeSureOf) {
  const std::string deep = "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}";
  const struct {
    std::string text;
    Code code;
  } cases[] = {
      {"", Code::kInvalid},
      {"[]", Code::kInvalid},
      {"1", Code::kInvalid},
      {"{", Code::kInvalid},
      {"{\"a\":1}}", Code::kInvalid},
      {"{\"a\":1,}", Code::kInvalid},
      {"{,}", Code::kInvalid},
      {"{\"a\" 1}", Code::kInvalid},
      {"{\"a\":1 \"b\":2}", Code::kInvalid},
      {"{a:1}", Code::kInvalid},
      {"{'a':1}", Code::kInvalid},
      {"{\"a\":01}", Code::kInvalid},
      {"{\"a\":tru}", Code::kInvalid},
      {"{\"a\":\"x\ny\"}", Code::kInvalid},
      {"{\"a\":\"\xff\"}", Code::kInvalid},
      {"{\"a\":\"x}", Code::kInvalid},
      {"{\"a\":1} // x", Code::kInvalid},
      {"{\"s\":{},\"s\":{}}", Code::kInvalid},
      {"{\"s\":[]}", Code::kInvalid},
      {"{\"s\":{\"t\":1,\"t\":2}}", Code::kInvalid},
      {deep, Code::kLimit},
      {std::string(kJsonEditBytesMax + 1, ' '), Code::kLimit},
  };
  for (const auto& each : cases) {
    const auto set = set_json_member(each.text, {"s", "t"}, "1", kStrict);
    ASSERT_FALSE(set.ok()) << each.text.substr(0, 80);
    EXPECT_EQ(set.error().code, each.code) << each.text.substr(0, 80);
  }
  for (const char* text : {"{,}", "{\"a\":1,,}", "{/*}", "{\"a\":/ 1}", "{\"a\":[,]}"}) {
    EXPECT_EQ(set_json_member(text, {"s"}, "1", kCommented).error().code, Code::kInvalid) << text;
  }
  EXPECT_EQ(set_json_member("{}", {"s"}, "{'a'}", kStrict).error().code, Code::kInvalid);
  EXPECT_EQ(remove_json_member("{}", {"s"}, kStrict, EmptyParents::kKeep).error().code,
            Code::kNotFound);
  EXPECT_EQ(remove_json_member("{\"s\":{}}", {"s", "t"}, kStrict, EmptyParents::kKeep).error().code,
            Code::kNotFound);
}

// Random texts in a random style, comments and last commas included.
class RandomText {
 public:
  explicit RandomText(std::uint64_t seed) : random_(seed) {}

  std::string object(int depth) {
    std::string out = "{";
    const std::uint64_t count = random_.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
      out += blanks() + "\"" + std::string(1, static_cast<char>('a' + i)) + "\"" + blanks() + ":" +
             blanks();
      out += depth > 0 && random_.below(2) == 0 ? object(depth - 1) : scalar();
      out += blanks();
      if (i + 1 < count || random_.below(4) == 0) out += ",";
    }
    return out + blanks() + "}";
  }
  JsonPath path() {
    JsonPath out;
    do {
      out.emplace_back(1, static_cast<char>('a' + random_.below(4)));
    } while (random_.below(2) == 0);
    return out;
  }

 private:
  std::string blanks() {
    constexpr const char* kAll[] = {"",     "",       "",          " ",         "\n",
                                    "\n  ", "\r\n\t", "/* , } */", " // \" {\n"};
    return kAll[random_.below(std::size(kAll))];
  }
  std::string scalar() {
    constexpr const char* kAll[] = {"1", "\"// }\"", "[1, [ ],]", "null", "\"\\\"\""};
    return kAll[random_.below(std::size(kAll))];
  }
  SeededRandom random_;
};

boost::json::value parsed(const std::string& text) {
  boost::json::parse_options options;
  options.allow_comments = true;
  options.allow_trailing_commas = true;
  return boost::json::parse(text, {}, options);
}

TEST(JsonEdit, ComesOutAsBoostWouldHaveItOnAnyText) {
  RandomText random(5);
  int set_count = 0;
  int removed_count = 0;
  for (int i = 0; i < 4'000; ++i) {
    const std::string text = random.object(2);
    const JsonPath path = random.path();
    const auto set = set_json_member(text, path, "{\"new\":[1,2]}", kCommented);
    if (set.ok()) {
      ++set_count;
      boost::json::value wanted = parsed(text);
      boost::json::value* at = &wanted;
      for (const std::string& name : path) {
        boost::json::object& object = at->is_null() ? at->emplace_object() : at->as_object();
        at = &object[name];
      }
      *at = boost::json::parse("{\"new\":[1,2]}");
      ASSERT_EQ(parsed(*set), wanted) << text << "\n---\n" << *set;
    } else {
      ASSERT_EQ(set.error().code, Code::kInvalid) << set.error().message << "\n" << text;
    }
    const auto removed = remove_json_member(text, path, kCommented, EmptyParents::kKeep);
    if (removed.ok()) {
      ++removed_count;
      boost::json::value wanted = parsed(text);
      boost::json::object* object = &wanted.as_object();
      for (std::size_t k = 0; k + 1 < path.size(); ++k) object = &object->at(path[k]).as_object();
      object->erase(path.back());
      ASSERT_EQ(parsed(*removed), wanted) << text << "\n---\n" << *removed;
    } else {
      ASSERT_NE(removed.error().code, Code::kInternal) << text;
    }
  }
  EXPECT_GT(set_count, 1'000);
  EXPECT_GT(removed_count, 400);
}

}  // namespace
}  // namespace phantom
