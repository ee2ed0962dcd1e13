#include "proxy/json_schema.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

std::string verdict(std::string_view schema, std::string_view value) {
  const auto rules = parse_json(schema);
  const auto given = parse_json(value);
  EXPECT_TRUE(rules.ok() && given.ok()) << schema << value;
  EXPECT_TRUE(check_schema(*rules).ok()) << check_schema(*rules).error().message;
  const Status checked = check_against_schema(*rules, *given);
  return checked.ok() ? "ok" : checked.error().message;
}

TEST(JsonSchema, HoldsArgumentsToTheirSchema) {
  constexpr char kSchema[] = R"({"type":"object","additionalProperties":false,"required":["name"],
      "properties":{"name":{"type":"string","minLength":1,"maxLength":3},
                    "last":{"type":"integer","minimum":1,"maximum":10},
                    "kind":{"enum":["a","b"]},
                    "list":{"type":"array","maxItems":2,"items":{"type":"string"}},
                    "all":{"type":["boolean","null"]}}})";
  struct Sample {
    const char* value;
    const char* verdict;
  };
  constexpr Sample kSamples[] = {
      {R"({"name":"abc"})", "ok"},
      {R"({"name":"äöü","last":10,"kind":"b","list":["x","y"],"all":null})", "ok"},
      {R"({})", "name is missing"},
      {R"([])", "the arguments must be of type object"},
      {R"({"name":""})", "name is below its minLength of 1"},
      {R"({"name":"abcd"})", "name is above its maxLength of 3"},
      {R"({"name":7})", "name must be of type string"},
      {R"({"name":"a","last":0})", "last is below its minimum of 1"},
      {R"({"name":"a","last":11})", "last is above its maximum of 10"},
      {R"({"name":"a","last":1.5})", "last must be of type integer"},
      {R"({"name":"a","last":"1"})", "last must be of type integer"},
      {R"({"name":"a","kind":"c"})", "kind must be one of: a, b"},
      {R"({"name":"a","list":["x",1]})", "list[1] must be of type string"},
      {R"({"name":"a","list":["x","y","z"]})", "list is above its maxItems of 2"},
      {R"({"name":"a","all":0})", "all must be of type boolean, null"},
  };
  for (const Sample& each : kSamples) EXPECT_EQ(verdict(kSchema, each.value), each.verdict);
}

TEST(JsonSchema, NeverRepeatsWhatItRefuses) {
  constexpr char kSchema[] =
      R"({"type":"object","additionalProperties":false,"properties":{"n":{"enum":["a"]}}})";
  for (const char* value : {R"({"sk_live_canary":1})", R"({"n":"sk_live_canary"})"}) {
    EXPECT_EQ(verdict(kSchema, value).find("canary"), std::string::npos) << value;
  }
}

TEST(JsonSchema, KnowsAlternativesAndOtherMembers) {
  EXPECT_EQ(verdict(R"({"anyOf":[{"type":"null"},{"const":3}]})", "3"), "ok");
  EXPECT_EQ(verdict(R"({"anyOf":[{"type":"null"},{"const":3}]})", "4"),
            "the arguments has none of the forms it may have");
  EXPECT_EQ(verdict(R"({"additionalProperties":{"type":"string"}})", R"({"x":1})"),
            "* must be of type string");
}

TEST(JsonSchema, RefusesASchemaItWouldOnlyHalfCheck) {
  for (const char* schema : {R"({"pattern":"^a"})", R"({"properties":{"a":{"format":"date"}}})",
                             R"({"type":"text"})", R"({"items":{"oneOf":[]}})", "true"}) {
    EXPECT_FALSE(check_schema(*parse_json(schema)).ok()) << schema;
  }
}

}  // namespace
}  // namespace phantom
