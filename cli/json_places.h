#pragma once
// A JSON text as a tree of places: where each value, name and comma stands. Pure; nothing is copied
// but names. The grammar is RFC 8259, with comments and last commas on request.

#include "cli/json_edit.h"
#include "events/result.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct JsonPlace {
  enum class Kind { kScalar, kList, kObject };

  Kind kind = Kind::kScalar;
  std::size_t begin = 0;
  std::size_t end = 0;  // past the last byte
  // Of an object, one for each item:
  struct Name {
    std::string text;  // decoded
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  std::vector<Name> names;
  std::vector<JsonPlace> items;
  std::vector<std::optional<std::size_t>> commas;  // the comma behind each item
};

// The outermost value of the text, whatever it is. kInvalid says where.
Result<JsonPlace> parse_json_places(std::string_view text, JsonDialect dialect);

// The value without blanks, comments and last commas.
std::string json_without_blanks(std::string_view text, const JsonPlace& place);

}  // namespace phantom
