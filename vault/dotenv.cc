#include "vault/dotenv.h"

#include "events/encoding.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace phantom {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
bool is_line_end(char c) { return c == '\n' || c == '\r'; }
bool is_key_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_key_char(char c) {
  return is_key_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

DotenvQuote quote_of(char c) {
  switch (c) {
    case '\'':
      return DotenvQuote::kSingle;
    case '"':
      return DotenvQuote::kDouble;
    case '`':
      return DotenvQuote::kBacktick;
    default:
      return DotenvQuote::kNone;
  }
}

char quote_char(DotenvQuote quote) {
  switch (quote) {
    case DotenvQuote::kSingle:
      return '\'';
    case DotenvQuote::kDouble:
      return '"';
    case DotenvQuote::kBacktick:
      return '`';
    case DotenvQuote::kNone:
      return '\0';
  }
  return '\0';
}

Error line_error(std::size_t line, const std::string& what, std::string hint) {
  return {Code::kInvalid, "line " + std::to_string(line) + ": " + what, std::move(hint)};
}

class DotenvParser {
 public:
  explicit DotenvParser(std::string_view text) : text_(text) {}

  Result<DotenvFile> run() {
    if (text_.starts_with(kByteOrderMark)) {
      at_ = kByteOrderMark.size();
      warn(DotenvDoubt::kByteOrderMark, "");
    }
    while (at_ < text_.size()) PH_TRY(statement());
    note_duplicates();
    return std::move(file_);
  }

 private:
  void warn(DotenvDoubt doubt, const std::string& key) {
    file_.warnings.push_back({doubt, line_, key});
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\n'; }
  bool at_line_end() const { return at_ >= text_.size() || is_line_end(text_[at_]); }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  void skip_to_line_end() {
    while (!at_line_end()) ++at_;
  }
  // Past the character at `at_`, counting the line it may end. CRLF counts once.
  void advance() {
    const char c = text_[at_++];
    if (c == '\n' || (c == '\r' && !(at_ < text_.size() && text_[at_] == '\n'))) ++line_;
  }
  void skip_line_end() {
    if (at_ >= text_.size()) return;
    const bool pair = text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
    if (text_[at_] == '\r' && !pair && !lone_return_) {
      lone_return_ = true;
      warn(DotenvDoubt::kLoneReturn, "");
    }
    advance();
    if (pair) advance();
  }

  Status statement() {
    skip_blanks();
    if (!at_line_end() && peek() != '#') PH_TRY(assignment());
    skip_to_line_end();
    skip_line_end();
    return {};
  }

  Status assignment() {
    const std::size_t line = line_;
    skip_export();
    const std::size_t key_begin = at_;
    while (at_ < text_.size() && is_key_char(text_[at_])) ++at_;
    const std::string_view key = text_.substr(key_begin, at_ - key_begin);
    const bool colon = peek() == ':' && at_ + 1 < text_.size() && is_blank(text_[at_ + 1]);
    skip_blanks();
    if (colon || peek() == '=') {
      if (!is_valid_key(key)) return bad_key(line);
      ++at_;
      return value(std::string(key), line);
    }
    const std::size_t rest = at_;
    skip_to_line_end();
    if (text_.substr(rest, at_ - rest).find('=') != std::string_view::npos) return bad_key(line);
    file_.other_lines.push_back(line);
    return {};
  }

  static Error bad_key(std::size_t line) {
    return line_error(
        line, "the text before '=' is not a variable name",
        "use letters, digits, '_', '.' or '-', starting with a letter or '_', at most " +
            std::to_string(kKeyBytesMax) + " characters");
  }

  // `export` only counts in front of another word: `export=1` is an ordinary variable.
  void skip_export() {
    constexpr std::string_view kExport = "export";
    if (!text_.substr(at_).starts_with(kExport)) return;
    std::size_t next = at_ + kExport.size();
    if (next >= text_.size() || !is_blank(text_[next])) return;
    while (next < text_.size() && is_blank(text_[next])) ++next;
    if (next < text_.size() && text_[next] != '=' && !is_line_end(text_[next])) at_ = next;
  }

  Status value(std::string key, std::size_t line) {
    const bool equals = text_[at_ - 1] == '=';
    const std::size_t after_sign = at_;
    skip_blanks();
    DotenvEntry entry;
    entry.key = std::move(key);
    entry.line = line;
    entry.quote = quote_of(peek());
    if (!equals) warn(DotenvDoubt::kColon, entry.key);
    if (entry.quote == DotenvQuote::kNone) {
      unquoted(entry);
      // A value put here later must keep its distance from a comment.
      if (entry.value_begin == entry.value_end && equals) {
        entry.value_begin = entry.value_end = after_sign;
      }
    } else {
      PH_TRY(quoted(entry));
    }
    warn_about(entry);
    file_.entries.push_back(std::move(entry));
    return {};
  }

  void unquoted(DotenvEntry& entry) {
    entry.value_begin = at_;
    entry.value_end = at_;
    bool blank_before = at_ > 0 && is_blank(text_[at_ - 1]);
    for (; !at_line_end(); ++at_) {
      const char c = text_[at_];
      if (c == '#') {
        if (blank_before) break;
        entry.hash_inside = true;
      }
      blank_before = is_blank(c);
      if (!blank_before) entry.value_end = at_ + 1;
    }
  }

  // The quote that closes is the first one without a backslash before it. Where that does not fit,
  // the last one with a backslash that does: 'C:\dir\' ends with its line.
  Status quoted(DotenvEntry& entry) {
    const char mark = quote_char(entry.quote);
    ++at_;
    entry.value_begin = at_;
    std::optional<Place> fits;
    while (at_ < text_.size() && text_[at_] != mark) {
      const bool at_mark = at_ + 1 < text_.size() && text_[at_] == '\\' && text_[at_ + 1] == mark;
      const bool at_pair = at_ + 1 < text_.size() && text_[at_] == '\\' && text_[at_ + 1] == '\\' &&
                           entry.quote == DotenvQuote::kDouble;
      advance();
      if (at_mark && ends_statement(at_ + 1)) fits = Place{at_, line_};
      if (at_mark || at_pair) advance();
    }
    const bool closed = at_ < text_.size();
    if (fits && !(closed && ends_statement(at_ + 1))) {
      at_ = fits->at;
      line_ = fits->line;
    } else if (!closed) {
      return line_error(entry.line, "the quote of " + entry.key + " is never closed",
                        "close the quote, or put the value into another kind of quotes");
    } else if (!ends_statement(at_ + 1)) {
      return line_error(line_, "text after the closing quote of " + entry.key,
                        "put the whole value inside the quotes");
    }
    entry.value_end = at_;
    ++at_;
    skip_blanks();
    return {};
  }

  // Nothing but blanks and a comment up to the end of the line.
  bool ends_statement(std::size_t at) const {
    while (at < text_.size() && is_blank(text_[at])) ++at;
    return at >= text_.size() || is_line_end(text_[at]) || text_[at] == '#';
  }

  void warn_about(const DotenvEntry& entry) {
    const std::string_view value =
        text_.substr(entry.value_begin, entry.value_end - entry.value_begin);
    const auto say = [&](DotenvDoubt doubt) {
      file_.warnings.push_back({doubt, entry.line, entry.key});
    };
    if (entry.hash_inside) say(DotenvDoubt::kHash);
    if (entry.quote != DotenvQuote::kSingle && holds_expansion(value)) say(DotenvDoubt::kExpansion);
    if (holds_doubtful_escape(value, entry.quote)) say(DotenvDoubt::kEscape);
    if (entry.quote == DotenvQuote::kBacktick) say(DotenvDoubt::kBacktick);
    if (value.find_first_of("\r\n") != std::string_view::npos) say(DotenvDoubt::kManyLines);
  }

  static bool holds_expansion(std::string_view value) {
    for (std::size_t i = 0; i + 1 < value.size(); ++i) {
      const char next = value[i + 1];
      const bool starts = next == '{' || next == '(' || next == '$' || is_key_start(next);
      if (value[i] == '$' && starts && (i == 0 || value[i - 1] != '\\')) return true;
    }
    return false;
  }

  // All readers that know escapes agree on \n and \r in double quotes, and on little else.
  static bool holds_doubtful_escape(std::string_view value, DotenvQuote quote) {
    if (quote == DotenvQuote::kNone) return false;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] != '\\') continue;
      const char next = i + 1 < value.size() ? value[i + 1] : '\\';
      const bool agreed = quote == DotenvQuote::kDouble ? next == 'n' || next == 'r'
                                                        : next != '\\' && next != quote_char(quote);
      if (!agreed) return true;
    }
    return false;
  }

  void note_duplicates() {
    std::map<std::string_view, std::size_t> last;
    for (std::size_t i = 0; i < file_.entries.size(); ++i) last[file_.entries[i].key] = i;
    for (std::size_t i = 0; i < file_.entries.size(); ++i) {
      DotenvEntry& entry = file_.entries[i];
      entry.overridden = last[entry.key] != i;
      auto& keys = file_.duplicate_keys;
      if (entry.overridden && std::find(keys.begin(), keys.end(), entry.key) == keys.end()) {
        keys.push_back(entry.key);
      }
    }
  }

  struct Place {
    std::size_t at;
    std::size_t line;
  };

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool lone_return_ = false;
  DotenvFile file_;
};

Status check_encoding(std::string_view text) {
  constexpr const char* kHint = "save the file as UTF-8";
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    return Error{Code::kInvalid, "the file is UTF-16, and readers of dotenv files want UTF-8",
                 kHint};
  }
  std::size_t line = 1;
  while (!text.empty()) {
    const std::size_t length = decode_utf8(text).length;
    if (text.front() == '\0') {
      return line_error(line, "a NUL byte: this is not a UTF-8 text file", kHint);
    }
    if (length == 0) {
      return line_error(line, "a byte that is not UTF-8, as in files saved as Latin-1", kHint);
    }
    if (text.front() == '\n') ++line;
    text.remove_prefix(length);
  }
  return {};
}

bool is_safe_everywhere(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return is_key_start(c) || (c >= '0' && c <= '9');
  });
}

bool tab_follows(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at < text.size() && is_blank(text[at]);
}

// Where a placeholder would be right for some readers and make others read a different one, or
// lose another key.
Status check_replaceable(std::string_view text, const DotenvFile& file,
                         const std::vector<const std::string*>& by_entry) {
  std::set<std::string_view> with_colon;
  for (const DotenvWarning& warning : file.warnings) {
    if (warning.doubt == DotenvDoubt::kLoneReturn) {
      return line_error(warning.line,
                        "lines end with CR alone, which most readers take for a part of the value",
                        "save the file with ordinary line ends");
    }
    if (warning.doubt == DotenvDoubt::kColon) with_colon.insert(warning.key);
  }
  for (std::size_t i = 0; i < by_entry.size(); ++i) {
    if (by_entry[i] == nullptr) continue;
    const DotenvEntry& entry = file.entries[i];
    const std::string_view value =
        text.substr(entry.value_begin, entry.value_end - entry.value_begin);
    // To node that sign ends the name; without it, it would take the next line for a part of one.
    if (with_colon.contains(entry.key) && value.find('=') != std::string_view::npos) {
      return line_error(entry.line, entry.key + " is written with ':' and its value holds '='",
                        "write the line as " + entry.key + "=value");
    }
    // Node cuts the value at '#' or a quote today, and would keep the tab behind a placeholder.
    const bool cut_today =
        entry.hash_inside || value.empty() || entry.quote == DotenvQuote::kBacktick;
    if (cut_today && entry.quote != DotenvQuote::kSingle && entry.quote != DotenvQuote::kDouble &&
        tab_follows(text, replaced_span(entry).end)) {
      return line_error(entry.line, "a tab after the value of " + entry.key,
                        "put blanks in place of the tab");
    }
  }
  return {};
}

// What was replaced reads as its replacement, and everything else as before.
Status check_rewritten(std::string_view before, const DotenvFile& file, std::string_view after,
                       const std::vector<const std::string*>& by_entry) {
  PH_ASSIGN(const DotenvFile rewritten, parse_dotenv(after));
  if (rewritten.entries.size() != file.entries.size()) {
    return Error{Code::kInvalid, "the rewritten dotenv file would not read back"};
  }
  for (std::size_t i = 0; i < by_entry.size(); ++i) {
    const DotenvEntry& entry = rewritten.entries[i];
    const SecretBytes value = dotenv_value(after, entry);
    const bool same = by_entry[i] != nullptr ? value.equals(as_bytes(*by_entry[i]))
                                             : value.equals(dotenv_value(before, file.entries[i]));
    if (!same || entry.key != file.entries[i].key) {
      return line_error(file.entries[i].line, "a value cannot be put there so that it reads back",
                        "write the line as KEY=value");
    }
  }
  return {};
}

}  // namespace

bool is_valid_key(std::string_view key) {
  return !key.empty() && key.size() <= kKeyBytesMax && is_key_start(key.front()) &&
         std::all_of(key.begin(), key.end(), is_key_char);
}

Result<DotenvFile> parse_dotenv(std::string_view text) {
  if (text.size() > kDotenvBytesMax) {
    return Error{Code::kLimit,
                 "the file is larger than " + std::to_string(kDotenvBytesMax) + " bytes"};
  }
  PH_TRY(check_encoding(text));
  return DotenvParser(text).run();
}

std::string dotenv_warning_text(const DotenvWarning& warning) {
  switch (warning.doubt) {
    case DotenvDoubt::kHash:
      return warning.key +
             " holds '#': phantom keeps the whole value, but dotenv, node and ruby read it "
             "up to there only";
    case DotenvDoubt::kExpansion:
      return warning.key +
             " holds '$': phantom takes it as it is, but dotenvx, python, ruby, compose "
             "and shells put another value in its place";
    case DotenvDoubt::kEscape:
      return warning.key +
             " holds backslashes that readers of dotenv files understand in different "
             "ways";
    case DotenvDoubt::kBacktick:
      return warning.key + " stands in backticks, which are quotes for JavaScript readers only";
    case DotenvDoubt::kColon:
      return warning.key +
             " is written with ':', which only dotenv, dotenvx, ruby and compose read";
    case DotenvDoubt::kManyLines:
      return warning.key +
             " goes over several lines, of which docker and older readers see the first "
             "only";
    case DotenvDoubt::kLoneReturn:
      return "lines end with CR alone, which node, docker and shells do not take for an end";
    case DotenvDoubt::kByteOrderMark:
      return "the file begins with a byte order mark, which node, python and shells take for a "
             "part "
             "of the first name";
  }
  return {};
}

SecretBytes dotenv_value(std::string_view text, const DotenvEntry& entry) {
  const std::string_view raw = text.substr(entry.value_begin, entry.value_end - entry.value_begin);
  SecretBytes value = SecretBytes::zeros(raw.size());
  const std::span<std::uint8_t> out = value.writable();
  const char mark = quote_char(entry.quote);
  std::size_t size = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '\\' && i + 1 < raw.size() && entry.quote != DotenvQuote::kNone) {
      const char next = raw[i + 1];
      if (next == mark) {
        c = next;
        ++i;
      } else if (entry.quote == DotenvQuote::kDouble) {
        constexpr std::string_view kEscapes = "nrt'\\$";
        constexpr std::string_view kMeanings = "\n\r\t'\\$";
        if (const std::size_t which = kEscapes.find(next); which != std::string_view::npos) {
          c = kMeanings[which];
          ++i;
        }
      }
    }
    out[size++] = static_cast<std::uint8_t>(c);
  }
  value.shrink(size);
  return value;
}

DotenvSpan replaced_span(const DotenvEntry& entry) {
  const std::size_t quotes = entry.quote == DotenvQuote::kBacktick ? 1 : 0;
  return {entry.value_begin - quotes, entry.value_end + quotes};
}

Result<std::string> rewrite_dotenv(std::string_view text, const DotenvFile& file,
                                   const std::vector<DotenvReplacement>& replacements) {
  std::vector<const std::string*> by_entry(file.entries.size(), nullptr);
  for (const DotenvReplacement& replacement : replacements) {
    if (replacement.entry >= by_entry.size() || by_entry[replacement.entry] != nullptr) {
      return Error{Code::kInvalid, "a dotenv entry is replaced twice or does not exist"};
    }
    if (!is_safe_everywhere(replacement.value)) {
      return Error{Code::kInvalid,
                   "a dotenv value may only be replaced by letters, digits and '_'"};
    }
    by_entry[replacement.entry] = &replacement.value;
  }
  if (!replacements.empty()) PH_TRY(check_replaceable(text, file, by_entry));
  std::string out;
  out.reserve(text.size() + replacements.size() * 80);
  std::size_t copied = 0;
  for (std::size_t i = 0; i < by_entry.size(); ++i) {
    if (by_entry[i] == nullptr) continue;
    const DotenvSpan span = replaced_span(file.entries[i]);
    out += text.substr(copied, span.begin - copied);
    out += *by_entry[i];
    copied = span.end;
  }
  out += text.substr(copied);
  PH_TRY(check_rewritten(text, file, out, by_entry));
  return out;
}

}  // namespace phantom
