#pragma once
// The canonical form of JSON, RFC 8785: one text for one value, so that a digest of it means the
// value. Pure.

#include "proxy/json_value.h"

#include <string>

namespace phantom {

// kInvalid for a whole number that a double cannot hold: two of them would have one canonical text.
Result<std::string> canonical_json(const JsonValue& value);

// A finite double as ECMAScript writes it.
std::string ecmascript_number(double number);

}  // namespace phantom
