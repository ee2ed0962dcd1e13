#include "vault/dotenv.h"

#include <algorithm>
#include <map>

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
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    while (at_ < text_.size()) PH_TRY(statement());
    note_duplicates();
    return std::move(file_);
  }

 private:
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
    if (entry.quote == DotenvQuote::kNone) {
      unquoted(entry);
      // A value put here later must keep its distance from a comment.
      if (entry.value_begin == entry.value_end && equals) {
        entry.value_begin = entry.value_end = after_sign;
      }
    } else {
      PH_TRY(quoted(entry));
    }
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

  Status quoted(DotenvEntry& entry) {
    const char mark = quote_char(entry.quote);
    ++at_;
    entry.value_begin = at_;
    while (at_ < text_.size() && text_[at_] != mark) {
      const bool escape = text_[at_] == '\\' && at_ + 1 < text_.size() &&
                          (text_[at_ + 1] == mark ||
                           (text_[at_ + 1] == '\\' && entry.quote == DotenvQuote::kDouble));
      advance();
      if (escape) advance();
    }
    if (at_ >= text_.size()) {
      return line_error(entry.line, "the quote of " + entry.key + " is never closed",
                        "close the quote, or put the value into another kind of quotes");
    }
    entry.value_end = at_;
    ++at_;
    skip_blanks();
    if (!at_line_end() && peek() != '#') {
      return line_error(line_, "text after the closing quote of " + entry.key,
                        "put the whole value inside the quotes");
    }
    return {};
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

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  DotenvFile file_;
};

bool is_safe_everywhere(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return is_key_start(c) || (c >= '0' && c <= '9');
  });
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
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    const auto line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
    return line_error(static_cast<std::size_t>(line) + 1,
                      "a NUL byte: this is not a UTF-8 text file", "save the file as UTF-8");
  }
  return DotenvParser(text).run();
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
  std::string out;
  out.reserve(text.size() + replacements.size() * 80);
  std::size_t copied = 0;
  for (std::size_t i = 0; i < by_entry.size(); ++i) {
    if (by_entry[i] == nullptr) continue;
    out += text.substr(copied, file.entries[i].value_begin - copied);
    out += *by_entry[i];
    copied = file.entries[i].value_end;
  }
  out += text.substr(copied);
  PH_TRY(check_rewritten(text, file, out, by_entry));
  return out;
}

}  // namespace phantom
