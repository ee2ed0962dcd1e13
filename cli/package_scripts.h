#pragma once
// The scripts of a package.json, and its text with some of them changed so that they run under
// `phantom exec`, or back. Edits are made at the places of the parsed text: no other byte changes.
// Pure.
//
// A wrapped script keeps its original, byte by byte, in a script of the name with ":raw" behind it:
//   "dev": "next dev"   becomes   "dev": "phantom exec -- next dev", "dev:raw": "next dev"
// laid out as the scripts around it are. Unwrapping puts those bytes back and takes the ":raw"
// away, so that the file is what it was.

#include "events/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::size_t kPackageBytesMax = std::size_t{4} << 20;

struct PackageScript {
  std::string name;
  std::string command;  // decoded; empty when it is no text
  bool is_text = true;
  std::size_t name_begin = 0;  // bytes of the tokens in the text, quotes included
  std::size_t name_end = 0;
  std::size_t value_begin = 0;
  std::size_t value_end = 0;
};

// In file order. kInvalid: no JSON object, or one with "scripts" or a script in it twice, of which
// nobody can say which one counts. kNotFound: no scripts.
Result<std::vector<PackageScript>> parse_package_scripts(std::string_view text);

// Names of scripts that start something: a word of them is dev, start, serve, build, deploy or
// preview, and none is about tests, checks or formatting.
bool starts_something(std::string_view name);

// How a command is put under `phantom exec`: as it is when it is one plain command, else through
// `sh -c`, so that operators, variables and assignments in front mean what they meant.
std::string wrapped_command(std::string_view command);
bool is_plain_command(std::string_view command);
bool is_wrapped(std::string_view command);

// A script that stays as it is, and why; a fixed phrase.
struct ScriptLeft {
  std::string name;
  std::string why;
};

struct ScriptEdit {
  std::vector<std::string> changed;
  std::vector<ScriptLeft> left;  // only those that were meant
  std::string text;
};

// `only`: names to take instead of those that start something. kNotFound when one is not there.
Result<ScriptEdit> wrap_scripts(std::string_view text, const std::vector<std::string>& only);
Result<ScriptEdit> unwrap_scripts(std::string_view text, const std::vector<std::string>& only);

}  // namespace phantom
