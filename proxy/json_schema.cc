#include "proxy/json_schema.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

using Kind = JsonValue::Kind;

constexpr std::string_view kKnown[] = {
    "type",    "enum",     "const",    "properties",  "required",  "additionalProperties",
    "items",   "minItems", "maxItems", "minLength",   "maxLength", "minimum",
    "maximum", "anyOf",    "title",    "description", "default"};
constexpr std::string_view kTypes[] = {"null",   "boolean", "integer", "number",
                                       "string", "array",   "object"};

bool is_of_type(const JsonValue& value, std::string_view type) {
  switch (value.kind) {
    case Kind::kNull:
      return type == "null";
    case Kind::kTruth:
      return type == "boolean";
    case Kind::kNumber:
      return type == "number" || (type == "integer" && value.integer());
    case Kind::kText:
      return type == "string";
    case Kind::kList:
      return type == "array";
    case Kind::kObject:
      return type == "object";
  }
  return false;
}

std::int64_t characters_of(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

Error at(const std::string& where, const std::string& what) {
  return {Code::kInvalid, (where.empty() ? "the arguments" : where) + " " + what};
}

std::string joined(const JsonValue& list) {
  std::string text;
  for (const JsonValue& item : list.items) {
    text += (text.empty() ? "" : ", ") + (item.is_text() ? item.text : to_json(item));
  }
  return text;
}

Status check(const JsonValue& schema, const JsonValue& value, const std::string& where);

Status check_type(const JsonValue& schema, const JsonValue& value, const std::string& where) {
  const JsonValue* type = schema.find("type");
  if (type == nullptr) return {};
  const JsonValue wanted = type->is_text() ? JsonValue::list({*type}) : *type;
  for (const JsonValue& each : wanted.items) {
    if (is_of_type(value, each.text)) return {};
  }
  return at(where, "must be of type " + joined(wanted));
}

Status check_bounds(const JsonValue& schema, const JsonValue& value, const std::string& where) {
  const auto bound = [&schema](const char* name) {
    const JsonValue* found = schema.find(name);
    return found != nullptr ? found->integer() : std::nullopt;
  };
  const auto within = [&](const char* least, const char* most, std::int64_t size) -> Status {
    if (const auto min = bound(least); min && size < *min) {
      return at(where, std::string("is below its ") + least + " of " + std::to_string(*min));
    }
    if (const auto max = bound(most); max && size > *max) {
      return at(where, std::string("is above its ") + most + " of " + std::to_string(*max));
    }
    return {};
  };
  if (value.is_text()) return within("minLength", "maxLength", characters_of(value.text));
  if (value.is(Kind::kList)) {
    return within("minItems", "maxItems", static_cast<std::int64_t>(value.items.size()));
  }
  if (const auto number = value.integer()) return within("minimum", "maximum", *number);
  return {};
}

Status check_choice(const JsonValue& schema, const JsonValue& value, const std::string& where) {
  if (const JsonValue* choices = schema.find("enum")) {
    if (std::find(choices->items.begin(), choices->items.end(), value) == choices->items.end()) {
      return at(where, "must be one of: " + joined(*choices));
    }
  }
  if (const JsonValue* only = schema.find("const")) {
    if (!(*only == value)) return at(where, "must be " + to_json(*only));
  }
  if (const JsonValue* any = schema.find("anyOf")) {
    for (const JsonValue& each : any->items) {
      if (check(each, value, where).ok()) return {};
    }
    return at(where, "has none of the forms it may have");
  }
  return {};
}

Status check_members(const JsonValue& schema, const JsonValue& value, const std::string& where) {
  const std::string prefix = where.empty() ? "" : where + ".";
  if (const JsonValue* required = schema.find("required")) {
    for (const JsonValue& name : required->items) {
      if (value.find(name.text) == nullptr) return at(prefix + name.text, "is missing");
    }
  }
  const JsonValue* properties = schema.find("properties");
  const JsonValue* others = schema.find("additionalProperties");
  for (std::size_t i = 0; i < value.names.size(); ++i) {
    const JsonValue* known = properties != nullptr ? properties->find(value.names[i]) : nullptr;
    if (known != nullptr) {
      PH_TRY(check(*known, value.items[i], prefix + value.names[i]));
    } else if (others != nullptr && others->is(Kind::kTruth) && !others->truth) {
      // Its name could be anything, a value too.
      return at(where, "have a property that is not in the schema");
    } else if (others != nullptr && others->is_object()) {
      PH_TRY(check(*others, value.items[i], prefix + "*"));
    }
  }
  return {};
}

Status check(const JsonValue& schema, const JsonValue& value, const std::string& where) {
  PH_TRY(check_type(schema, value, where));
  PH_TRY(check_choice(schema, value, where));
  PH_TRY(check_bounds(schema, value, where));
  if (value.is_object()) return check_members(schema, value, where);
  const JsonValue* items = schema.find("items");
  if (!value.is(Kind::kList) || items == nullptr) return {};
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    PH_TRY(check(*items, value.items[i], where + "[" + std::to_string(i) + "]"));
  }
  return {};
}

Status check_type_words(const JsonValue& type) {
  const JsonValue words = type.is_text() ? JsonValue::list({type}) : type;
  if (!words.is(Kind::kList)) return at("the schema", "has a type that is no type");
  for (const JsonValue& word : words.items) {
    if (std::find(std::begin(kTypes), std::end(kTypes), word.text) == std::end(kTypes)) {
      return at("the schema", "has a type that is no type");
    }
  }
  return {};
}

}  // namespace

Status check_against_schema(const JsonValue& schema, const JsonValue& value) {
  return check(schema, value, "");
}

Status check_schema(const JsonValue& schema) {
  if (!schema.is_object()) return at("the schema", "is no object");
  for (std::size_t i = 0; i < schema.names.size(); ++i) {
    const std::string& name = schema.names[i];
    const JsonValue& value = schema.items[i];
    if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) {
      return at("the schema", "says " + name + ", which is not checked");
    }
    if (name == "type") PH_TRY(check_type_words(value));
    if (name == "items") PH_TRY(check_schema(value));
    if (name == "additionalProperties" && !value.is(Kind::kTruth)) PH_TRY(check_schema(value));
    if (name == "properties" || name == "anyOf") {
      for (const JsonValue& each : value.items) PH_TRY(check_schema(each));
    }
  }
  return {};
}

}  // namespace phantom
