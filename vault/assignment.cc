#include "vault/assignment.h"

#include "vault/secret_checks.h"
#include "vault/value_look.h"

#include <algorithm>
#include <string>

namespace phantom {
namespace {

constexpr std::size_t kNameMax = 64;  // on either side of the word
constexpr std::size_t kGapMax = 24;   // blanks and quotes between name and value
constexpr std::size_t kTypeMax = 32;  // of a type between name and value

bool is_name_byte(char c) { return in_alphabet(c, 'w') || c == '.'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

class Reader {
 public:
  Reader(std::string_view text, std::size_t at, std::size_t end)
      : text_(text), at_(at), end_(std::min(end, text.size())) {}

  char now() const { return at_ < end_ ? text_[at_] : '\0'; }
  char after(std::size_t ahead) const { return at_ + ahead < end_ ? text_[at_ + ahead] : '\0'; }
  std::size_t at() const { return at_; }
  void skip(std::size_t count = 1) { at_ = std::min(at_ + count, end_); }
  template <class Predicate>
  void skip_while(Predicate wanted, std::size_t most) {
    for (; most > 0 && at_ < end_ && wanted(text_[at_]); --most) ++at_;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_, end_ - at_).starts_with(word)) return false;
    skip(word.size());
    return true;
  }

 private:
  std::string_view text_;
  std::size_t at_;
  std::size_t end_;
};

// Past a type, as in `token: str = `; stays where it is when there is none.
void skip_type(Reader& reader) {
  Reader look = reader;
  look.skip_while(is_blank, kGapMax);
  if (!in_alphabet(look.now(), 'a') && look.now() != '&') return;
  look.skip_while(
      [](char c) {
        return is_name_byte(c) || c == '[' || c == ']' || c == '<' || c == '>' || c == '&' ||
               c == '?';
      },
      kTypeMax);
  look.skip_while(is_blank, kGapMax);
  if (look.now() != '=' || look.after(1) == '=') return;
  look.skip();
  reader = look;
}

// Past what assigns. False when nothing does.
bool take_operator(Reader& reader, bool closed_quote) {
  reader.skip_while(is_blank, kGapMax);
  switch (reader.now()) {
    case '=':
      if (reader.after(1) == '=' || reader.after(1) == '~') return false;
      reader.skip(reader.after(1) == '>' ? 2 : 1);
      return true;
    case ':':
      reader.skip();
      if (reader.now() == ':') return false;
      if (reader.now() == '=') {
        reader.skip();
      } else {
        skip_type(reader);
      }
      return true;
    case '?':  // ?= of make
      if (reader.after(1) != '=') return false;
      reader.skip(2);
      return true;
    case '>':  // <name>value</name>
      reader.skip();
      return true;
    case ',':
      if (!closed_quote) return false;
      reader.skip();
      return true;
    default:
      return false;
  }
}

// `name: NAME` with `value: ...` on the next line, as in manifests of containers.
bool take_value_line(Reader& reader) {
  reader.skip_while([](char c) { return is_blank(c) || c == ','; }, kGapMax);
  if (reader.now() == '\r') reader.skip();
  if (reader.now() != '\n') return false;
  reader.skip();
  reader.skip_while(is_blank, 64);
  const bool quoted = is_quote(reader.now());
  if (quoted) reader.skip();
  if (!reader.take("value") && !reader.take("Value")) return false;
  if (quoted && is_quote(reader.now())) reader.skip();
  reader.skip_while(is_blank, kGapMax);
  if (reader.now() != ':' && reader.now() != '=') return false;
  reader.skip();
  return true;
}

// Words written together: mostly runs of lower case that random text of mixed case does not have.
bool is_camel_case(std::string_view value) {
  std::size_t in_runs = 0;
  std::size_t run = 0;
  bool upper = false;
  for (std::size_t i = 0; i <= value.size(); ++i) {
    if (i < value.size() && in_alphabet(value[i], 'c')) {
      ++run;
      continue;
    }
    upper = upper || (i < value.size() && in_alphabet(value[i], 'U'));
    if (run >= 4) in_runs += run;
    run = 0;
  }
  return upper && in_runs * 2 > value.size();
}

bool ends_bare_value(char c) {
  return c <= 0x20 || is_quote(c) ||
         std::string_view(",;)}]<>|\\").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<Assignment> assignment_at(std::string_view text, std::size_t at, std::size_t size,
                                        std::size_t end) {
  std::size_t begin = at;
  while (begin > 0 && at - begin < kNameMax && is_name_byte(text[begin - 1])) --begin;
  Reader reader(text, at + size, end);
  reader.skip_while(is_name_byte, kNameMax);
  Assignment found;
  found.name = text.substr(begin, reader.at() - begin);

  Reader gap = reader;
  gap.skip_while([](char c) { return is_quote(c) || c == '\\' || c == ']' || c == ')'; }, 4);
  const bool closed = gap.at() > reader.at();
  Reader next = gap;
  if (!take_value_line(next)) {
    next = gap;
    if (!take_operator(next, closed)) return std::nullopt;
  }
  next.skip_while(is_blank, kGapMax);
  // Letters before a string, as in r"...".
  if (in_alphabet(next.now(), 'a') && (next.after(1) == '"' || next.after(1) == '\'')) next.skip();
  if (next.now() == '@' && next.after(1) == '"') next.skip();
  const bool escaped = next.now() == '\\' && is_quote(next.after(1));
  if (escaped) next.skip();
  const char quote = next.now();
  found.quoted = is_quote(quote);
  if (found.quoted) next.skip();
  for (const std::string_view scheme : {"Bearer ", "bearer ", "Token ", "token ", "Basic "}) {
    if (next.take(scheme)) break;
  }
  const std::size_t value = next.at();
  if (found.quoted) {
    next.skip_while([&](char c) { return c != quote && c != '\n' && c != '\\'; }, 4'096);
    if (next.now() != quote && next.now() != '\\') return std::nullopt;
  } else {
    next.skip_while([](char c) { return !ends_bare_value(c); }, 4'096);
  }
  found.value = text.substr(value, next.at() - value);
  if (found.value.empty()) return std::nullopt;
  // Inside of a path, a URL or a name with parts, such a word names nothing.
  if (!found.quoted && begin > 0) {
    found.apart = std::string_view(":/=&?@").find(text[begin - 1]) == std::string_view::npos;
  }
  return found;
}

std::string_view name_before(std::string_view text, std::size_t at) {
  std::size_t i = at;
  const std::size_t stop = at - std::min<std::size_t>(at, kGapMax + kNameMax);
  const auto back_over = [&](auto wanted) {
    while (i > stop && wanted(text[i - 1])) --i;
  };
  const auto is_joint = [](char c) {
    return is_blank(c) || is_quote(c) || c == '\\' || c == '=' || c == ':' || c == '>' || c == ',';
  };
  back_over(is_joint);
  for (const std::string_view scheme : {"Bearer", "bearer", "Token", "Basic"}) {
    if (text.substr(stop, i - stop).ends_with(scheme)) i -= scheme.size();
  }
  back_over(is_joint);
  if (i == at || text.substr(i, at - i).find_first_of("=:>,") == std::string_view::npos) return {};
  const std::size_t end = i;
  back_over(is_name_byte);
  const std::string_view name = text.substr(i, end - i);
  if (name.size() >= kNameMax || looks_random("", name)) return {};
  return name;
}

bool is_secret_text(std::string_view name, std::string_view value) {
  for (const std::string_view word : {"hash", "checksum", "digest", "csrf", "xsrf", "integrity",
                                      "public", "fingerprint", "etag", "sha256", "nonce"}) {
    if (name.find(word) != std::string_view::npos) return false;
  }
  // Where a secret is kept, encrypted ones, and digests of passwords.
  for (const std::string_view start :
       {"$",       "%",           "{",       "[",      "(",     "<",          "/",
        "./",      "~/",          "@",       "#",      "arn:",  "sha1:",      "sha256:",
        "sha384-", "sha512-",     "sha256-", "vault:", "op://", "secret/",    "projects/",
        "file:",   "data:",       "env:",    "ENC[",   "ENC(",  "encrypted:", "AQICA",
        "ssh-rsa", "ssh-ed25519", "urn:",    "gcp:",   "ref+"}) {
    if (value.starts_with(start)) return false;
  }
  if (value.find("://") != std::string_view::npos || is_trivial_password(value)) return false;
  // Code that makes the value, and text.
  if (value.find_first_of("(){}[]$ \t") != std::string_view::npos) return false;
  if (!looks_random(name, value)) return false;
  return !is_camel_case(value);
}

}  // namespace phantom
