#pragma once
// JSON as RFC 8259 and RFC 7493 (I-JSON) have it, read strictly: UTF-8 without lone surrogates, no
// name twice in one object, bounded in depth and number of values. Pure.
//
// Keeps the order of names and the text of numbers, so that what was read can be written again.

#include "events/result.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantom {

struct JsonLimits {
  std::size_t bytes_max = 1 << 20;
  std::size_t depth_max = 64;
  std::size_t values_max = 200'000;
};

struct JsonValue {
  enum class Kind { kNull, kTruth, kNumber, kText, kList, kObject };

  Kind kind = Kind::kNull;
  bool truth = false;
  std::string text;                // a text's characters; a number as it was written
  std::vector<std::string> names;  // of an object, one for each item
  std::vector<JsonValue> items;    // of a list or an object

  static JsonValue of_text(std::string_view text);
  static JsonValue of_integer(std::int64_t number);
  static JsonValue of_truth(bool truth);
  static JsonValue list(std::vector<JsonValue> items = {});
  static JsonValue object(
      std::initializer_list<std::pair<std::string_view, JsonValue>> members = {});

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_text() const { return kind == Kind::kText; }
  bool is_object() const { return kind == Kind::kObject; }
  // The member of that name; null when there is none or this is no object.
  const JsonValue* find(std::string_view name) const;
  // The member's characters; null when it is no text.
  const std::string* find_text(std::string_view name) const;
  // Adds a member at the end, or replaces the one of that name. Turns null into an object.
  JsonValue& set(std::string_view name, JsonValue value);
  void remove(std::string_view name);
  // A whole number between -(2^53 - 1) and 2^53 - 1, which every reader of JSON reads alike.
  std::optional<std::int64_t> integer() const;

  // Of equal value: numbers as IEEE doubles, objects whatever the order of their names.
  friend bool operator==(const JsonValue& a, const JsonValue& b);
};

// kInvalid: not such JSON. kLimit: beyond a limit.
Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits = {});

// One line, no blanks, safe for a terminal in the way of append_json_text.
std::string to_json(const JsonValue& value);

}  // namespace phantom
