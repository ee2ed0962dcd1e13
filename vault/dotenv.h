#pragma once
// Dotenv files: where each value stands, what it means, and how to put another in its place without
// touching any other byte. Pure.
//
// Read: LF, CRLF and lone CR; a UTF-8 byte order mark; `export `; blanks around `=`; `KEY: value`;
// single, double and backtick quotes, each over several lines; comments. In double quotes \n \r \t
// \" \' \\ and \$ are escapes; in the other two only a backslash before the quote itself. Nothing
// is expanded. An unquoted value ends at the end of the line or before blanks and `#`.
//
// Seven kinds of readers were looked at (docs/guides/dotenv.md). Where they do not agree what a
// value is, a warning says so; a placeholder put there is read by all that read a value there
// before.

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

// Why some readers see another value than the one phantom keeps.
enum class DotenvDoubt {
  kHash,           // an unquoted value with `#` in it
  kExpansion,      // `$` before a name, a brace or a parenthesis, and not in single quotes
  kEscape,         // backslashes in quotes that readers treat differently
  kBacktick,       // quotes that only JavaScript readers know
  kColon,          // `KEY: value`
  kManyLines,      // a quoted value over several lines
  kLoneReturn,     // lines that end with CR alone; about the whole file
  kByteOrderMark,  // before the first key; about the whole file
};

struct DotenvWarning {
  DotenvDoubt doubt = DotenvDoubt::kHash;
  std::size_t line = 0;  // from 1
  std::string key = {};  // empty when it is about the whole file
};

// "KEY holds '#': ...". Never holds the value, nor the line.
std::string dotenv_warning_text(const DotenvWarning& warning);

struct DotenvFile {
  std::vector<DotenvEntry> entries;         // in file order
  std::vector<std::string> duplicate_keys;  // each once, in order of first appearance
  // Lines that are neither entry, comment nor blank, from 1. They are kept; nobody protects them.
  std::vector<std::size_t> other_lines;
  std::vector<DotenvWarning> warnings;  // in file order
};

// kInvalid, naming the line, for: a quote that is never closed, text after a closing quote, a key
// that is not a name, and text that is not UTF-8. kLimit past kDotenvBytesMax. Errors never quote
// the value.
Result<DotenvFile> parse_dotenv(std::string_view text);

// The value with its escapes decoded.
SecretBytes dotenv_value(std::string_view text, const DotenvEntry& entry);

// Letters, digits, `_`, `.` and `-`, starting with a letter or `_`; at most kKeyBytesMax bytes.
bool is_valid_key(std::string_view key);

struct DotenvReplacement {
  std::size_t entry = 0;  // index into DotenvFile::entries
  std::string value;      // letters, digits and `_` only, so that every reader takes it as it is
};

// The bytes that give way when a value is put there: the value, and backticks around it, which to
// most readers are no quotes.
struct DotenvSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};
DotenvSpan replaced_span(const DotenvEntry& entry);

// The text with the values of the given entries replaced; every other byte stays, quotes (but
// backticks) too. `file` must be what parse_dotenv made of `text`. The result is read again before
// it is returned. kInvalid for a bad index, an entry named twice, a value with other characters, or
// a place where no value can be put so that all readers find it (an empty `KEY: # comment`, a
// comment that touches the closing quote).
Result<std::string> rewrite_dotenv(std::string_view text, const DotenvFile& file,
                                   const std::vector<DotenvReplacement>& replacements);

}  // namespace phantom
