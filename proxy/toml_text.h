#pragma once
// toml++, made safe for texts from outside. The only file that includes it.

#include "events/result.h"

#include <algorithm>
#include <string_view>

// The library states what it believes of a text as assertions, and some malformed texts prove it
// wrong. They are refused like any other malformed text.
namespace phantom {
struct TomlSurprise {};
[[noreturn]] inline void toml_surprise() { throw TomlSurprise{}; }
}  // namespace phantom
#pragma push_macro("NDEBUG")
#undef NDEBUG  // with it, the library takes its beliefs for granted
#define TOML_ASSERT(belief) ((belief) ? static_cast<void>(0) : ::phantom::toml_surprise())
// Asked whether a letter outside ASCII is a blank, it comes to a place it takes for unreachable;
// the answer there is no.
#include <toml++/impl/forward_declarations.h>
#pragma push_macro("TOML_UNREACHABLE")
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#include <toml++/impl/unicode.h>
#pragma pop_macro("TOML_UNREACHABLE")
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace phantom {

// kInvalid, kLimit: a text the library cannot be given. A syntax error is in the result.
inline Result<toml::parse_result> parse_toml(std::string_view text) {
  // a.b.c is a table in a table: the library would go as deep as there are dots, and then deeper
  // than the stack is.
  constexpr std::ptrdiff_t kDotsMax = 4'096;
  if (std::count(text.begin(), text.end(), '.') > kDotsMax) {
    return Error{Code::kLimit, "more than 4096 dots"};
  }
  try {
    return toml::parse(text);
  } catch (const TomlSurprise&) {
    return Error{Code::kInvalid, "not well-formed TOML"};
  }
}

}  // namespace phantom
