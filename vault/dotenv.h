#pragma once
// Dotenv files: where each value stands, what it means, and how to put another in its place without
// touching any other byte. Pure.
//
// Read: LF, CRLF and lone CR; a UTF-8 byte order mark; `export `; blanks around `=`; `KEY: value`;
// single, double and backtick quotes, each over several lines; comments. In double quotes \n \r \t
// \" \' \\ and \$ are escapes; in the other two only a backslash before the quote itself. Nothing
// is expanded. An unquoted value ends at the end of the line or before blanks and `#`.

#include "events/result.h"
#include "vault/secret.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::size_t kDotenvBytesMax = 1'048'576;
inline constexpr std::size_t kKeyBytesMax = 128;

enum class DotenvQuote { kNone, kSingle, kDouble, kBacktick };

struct DotenvEntry {
  std::string key;
  std::size_t line = 0;         // from 1
  std::size_t value_begin = 0;  // bytes of the value in the text, quotes not included
  std::size_t value_end = 0;
  DotenvQuote quote = DotenvQuote::kNone;
  // Another entry further down has the same key: readers take that one.
  bool overridden = false;
  // Holds a `#` that some readers of dotenv files take for the start of a comment.
  bool hash_inside = false;
};

struct DotenvFile {
  std::vector<DotenvEntry> entries;         // in file order
  std::vector<std::string> duplicate_keys;  // each once, in order of first appearance
  // Lines that are neither entry, comment nor blank, from 1. They are kept; nobody protects them.
  std::vector<std::size_t> other_lines;
};

// kInvalid, naming the line, for: a quote that is never closed, text after a closing quote, a key
// that is not a name, a NUL byte. kLimit past kDotenvBytesMax. Errors never quote the value.
Result<DotenvFile> parse_dotenv(std::string_view text);

// The value with its escapes decoded.
SecretBytes dotenv_value(std::string_view text, const DotenvEntry& entry);

// Letters, digits, `_`, `.` and `-`, starting with a letter or `_`; at most kKeyBytesMax bytes.
bool is_valid_key(std::string_view key);

struct DotenvReplacement {
  std::size_t entry = 0;  // index into DotenvFile::entries
  std::string value;      // letters, digits and `_` only, so that every reader takes it as it is
};

// The text with the values of the given entries replaced; quotes stay, as does every other byte.
// `file` must be what parse_dotenv made of `text`. The result is read again before it is returned.
// kInvalid for a bad index, an entry named twice, a value with other characters, or a place where
// no value can be put (an empty `KEY: # comment`).
Result<std::string> rewrite_dotenv(std::string_view text, const DotenvFile& file,
                                   const std::vector<DotenvReplacement>& replacements);

}  // namespace phantom
