#pragma once
// The part of JSON Schema 2020-12 that the tools of the MCP server describe themselves with. Pure.
//
// type, enum, const, properties, required, additionalProperties, items, minItems, maxItems,
// minLength and maxLength (in characters), minimum and maximum (of whole numbers), anyOf; and the
// annotations title, description, default.

#include "proxy/json_value.h"

namespace phantom {

// kInvalid: says where and why, and repeats nothing of the value.
Status check_against_schema(const JsonValue& schema, const JsonValue& value);

// kInvalid: a schema that says something this does not check.
Status check_schema(const JsonValue& schema);

}  // namespace phantom
