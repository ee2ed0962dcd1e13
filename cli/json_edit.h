#pragma once
// Edits in a JSON text that somebody else owns: package.json, the settings of an editor. The text
// is read once for the places of its members and changed there; every other byte stays:
// indentation, order, line ends, a byte order mark, comments. Pure.
//
// A path names members from the outermost object inwards: {"mcpServers", "phantom"}. Only objects
// are walked. A name that is there twice on the way is refused, since readers disagree about which
// one counts. What comes out is read again and compared before it is returned: it says what the
// text said, but for the one member.
//
// Errors: kInvalid, the text or value is no such JSON, or the path leads through something that is
// no object; kNotFound; kLimit, beyond kJsonEditBytesMax or nested too deep.

#include "events/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::size_t kJsonEditBytesMax = std::size_t{4} << 20;

enum class JsonDialect {
  kStrict,    // RFC 8259
  kCommented  // also // and /* */ comments and a comma after the last item, as editors read it
};

using JsonPath = std::vector<std::string>;

struct JsonMember {
  std::string name;            // decoded
  std::size_t name_begin = 0;  // bytes of the tokens in the text, quotes included
  std::size_t name_end = 0;
  std::size_t value_begin = 0;
  std::size_t value_end = 0;
};

// The members of the object at that path, in the order of the text. An empty path is the outermost.
Result<std::vector<JsonMember>> json_members(std::string_view text, const JsonPath& object,
                                             JsonDialect dialect);

// The value at that path, without blanks and comments.
Result<std::string> json_value(std::string_view text, const JsonPath& member, JsonDialect dialect);

// The text with `value`, a strict JSON text, at that path: in place of the value that is there,
// else behind the last member, laid out as its neighbours are. Objects missing on the way are made.
// The same text when that value stands there already. For a file that does not exist start with
// "{}\n".
Result<std::string> set_json_member(std::string_view text, const JsonPath& member,
                                    std::string_view value, JsonDialect dialect);

enum class EmptyParents {
  kKeep,   // an object that becomes empty stays, as {}
  kRemove  // it goes too, unless there is a comment in it; never the outermost one
};

// The text without that member and its comma. Takes back a set_json_member that added the member,
// byte by byte; with kRemove also the objects it made on the way. Comments beside it stay.
Result<std::string> remove_json_member(std::string_view text, const JsonPath& member,
                                       JsonDialect dialect, EmptyParents parents);

}  // namespace phantom
