#include "cli/json.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(Json, WritesNestedValuesWithCommasInPlace) {
  Json json;
  json.begin().field_number("v", 1).key("list").begin_list().text("a").begin().end().number(2);
  json.end_list().key("none").null().key("yes").truth(true).key("minus").integer(-1).end();
  EXPECT_EQ(json.str(), R"({"v":1,"list":["a",{},2],"none":null,"yes":true,"minus":-1})");
}

TEST(Json, EscapesTextAndNames) {
  Json json;
  json.begin().field("a\"b", "line\n\x01\\").end();
  EXPECT_EQ(json.str(), "{\"a\\\"b\":\"line\\n\\u0001\\\\\"}");
}

}  // namespace
}  // namespace phantom
