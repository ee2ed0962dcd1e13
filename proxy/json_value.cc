#include "proxy/json_value.h"

#include "events/encoding.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace phantom {
namespace {

using Kind = JsonValue::Kind;

constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53) - 1;

double number_of(const std::string& text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  // Out of range: the text says whether it is too large or too small.
  if (read.ec == std::errc::result_out_of_range) {
    const std::size_t e = text.find_first_of("eE");
    const bool small = e != std::string::npos && e + 1 < text.size() && text[e + 1] == '-';
    number = small ? 0.0 : HUGE_VAL;
    if (text[0] == '-') number = -number;
  }
  return number;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  Result<JsonValue> parse() {
    if (text_.size() > limits_.bytes_max) return Error{Code::kLimit, "the JSON is too long"};
    JsonValue value;
    PH_TRY(read(value, 0));
    skip_blanks();
    if (at_ != text_.size()) return bad("something follows the value");
    return value;
  }

 private:
  Error bad(const char* what) const {
    return {Code::kInvalid, std::string("not JSON: ") + what + " at byte " + std::to_string(at_)};
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool digit() const { return peek() >= '0' && peek() <= '9'; }
  void skip_blanks() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string::npos) {
      ++at_;
    }
  }
  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  Status read(JsonValue& value, std::size_t depth) {
    if (depth > limits_.depth_max) return Error{Code::kLimit, "the JSON is nested too deeply"};
    if (++values_ > limits_.values_max) return Error{Code::kLimit, "the JSON has too many values"};
    skip_blanks();
    switch (peek()) {
      case '{':
        return read_object(value, depth);
      case '[':
        return read_list(value, depth);
      case '"':
        value.kind = Kind::kText;
        return read_text(value.text);
      case 't':
        return read_word("true", value, Kind::kTruth);
      case 'f':
        return read_word("false", value, Kind::kTruth);
      case 'n':
        return read_word("null", value, Kind::kNull);
      default:
        return read_number(value);
    }
  }

  Status read_word(std::string_view word, JsonValue& value, Kind kind) {
    if (!text_.substr(at_).starts_with(word)) return bad("an unknown word");
    at_ += word.size();
    value.kind = kind;
    value.truth = word == "true";
    return {};
  }

  Status read_number(JsonValue& value) {
    const std::size_t start = at_;
    (void)take('-');
    if (take('0')) {
      if (digit()) return bad("a number with a leading zero");
    } else {
      PH_TRY(read_digits());
    }
    if (take('.')) PH_TRY(read_digits());
    if (take('e') || take('E')) {
      if (!take('+')) (void)take('-');
      PH_TRY(read_digits());
    }
    value.kind = Kind::kNumber;
    value.text = text_.substr(start, at_ - start);
    if (!std::isfinite(number_of(value.text))) return bad("a number out of range");
    return {};
  }
  Status read_digits() {
    if (!digit()) return bad("no value");
    while (digit()) ++at_;
    return {};
  }

  Status read_text(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (c == '\\') {
        PH_TRY(read_escape(out));
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return bad("a control character in a text");
      } else {
        const Utf8Character character = decode_utf8(text_.substr(at_));
        if (character.length == 0) return bad("broken UTF-8");
        out.append(text_.substr(at_, character.length));
        at_ += character.length;
      }
    }
    return bad("a text without end");
  }

  Status read_escape(std::string& out) {
    ++at_;
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (const std::size_t i = kLetters.find(peek()); at_ < text_.size() && i != std::string::npos) {
      out += kMeant[i];
      ++at_;
      return {};
    }
    std::uint32_t code = 0;
    PH_TRY(read_unit(code));
    if (code >= 0xdc00 && code < 0xe000) return bad("a lone surrogate");
    if (code >= 0xd800 && code < 0xdc00) {
      std::uint32_t low = 0;
      if (!take('\\')) return bad("a lone surrogate");
      PH_TRY(read_unit(low));
      if (low < 0xdc00 || low >= 0xe000) return bad("a lone surrogate");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, code);
    return {};
  }

  Status read_unit(std::uint32_t& code) {
    if (!take('u') || text_.size() - at_ < 4) return bad("an unknown escape");
    const char* first = text_.data() + at_;
    const auto read = std::from_chars(first, first + 4, code, 16);
    if (read.ptr != first + 4 || *first == '-' || *first == '+') return bad("an unknown escape");
    at_ += 4;
    return {};
  }

  Status read_list(JsonValue& value, std::size_t depth) {
    ++at_;
    value.kind = Kind::kList;
    skip_blanks();
    if (take(']')) return {};
    while (true) {
      PH_TRY(read(value.items.emplace_back(), depth + 1));
      skip_blanks();
      if (take(']')) return {};
      if (!take(',')) return bad("no comma");
    }
  }

  Status read_object(JsonValue& value, std::size_t depth) {
    ++at_;
    value.kind = Kind::kObject;
    skip_blanks();
    if (take('}')) return {};
    while (true) {
      skip_blanks();
      if (peek() != '"') return bad("no name");
      PH_TRY(read_text(value.names.emplace_back()));
      skip_blanks();
      if (!take(':')) return bad("no colon");
      PH_TRY(read(value.items.emplace_back(), depth + 1));
      skip_blanks();
      if (take('}')) break;
      if (!take(',')) return bad("no comma");
    }
    std::vector<std::string_view> sorted(value.names.begin(), value.names.end());
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
      return bad("a name twice in one object");
    }
    return {};
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
};

void append_json(std::string& out, const JsonValue& value) {
  switch (value.kind) {
    case Kind::kNull:
      out += "null";
      break;
    case Kind::kTruth:
      out += value.truth ? "true" : "false";
      break;
    case Kind::kNumber:
      out += value.text;
      break;
    case Kind::kText:
      append_json_text(out, value.text);
      break;
    case Kind::kList:
    case Kind::kObject: {
      const bool object = value.is_object();
      out += object ? '{' : '[';
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        if (i > 0) out += ',';
        if (object) {
          append_json_text(out, value.names[i]);
          out += ':';
        }
        append_json(out, value.items[i]);
      }
      out += object ? '}' : ']';
      break;
    }
  }
}

}  // namespace

JsonValue JsonValue::of_text(std::string_view text) {
  JsonValue value;
  value.kind = Kind::kText;
  value.text = text;
  return value;
}

JsonValue JsonValue::of_integer(std::int64_t number) {
  JsonValue value;
  value.kind = Kind::kNumber;
  value.text = std::to_string(number);
  return value;
}

JsonValue JsonValue::of_truth(bool truth) {
  JsonValue value;
  value.kind = Kind::kTruth;
  value.truth = truth;
  return value;
}

JsonValue JsonValue::list(std::vector<JsonValue> items) {
  JsonValue value;
  value.kind = Kind::kList;
  value.items = std::move(items);
  return value;
}

JsonValue JsonValue::object(std::initializer_list<std::pair<std::string_view, JsonValue>> members) {
  JsonValue value;
  value.kind = Kind::kObject;
  for (const auto& [name, member] : members) value.set(name, member);
  return value;
}

const JsonValue* JsonValue::find(std::string_view name) const {
  if (kind != Kind::kObject) return nullptr;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return &items[i];
  }
  return nullptr;
}

const std::string* JsonValue::find_text(std::string_view name) const {
  const JsonValue* member = find(name);
  return member != nullptr && member->is_text() ? &member->text : nullptr;
}

JsonValue& JsonValue::set(std::string_view name, JsonValue value) {
  PH_CHECK(kind == Kind::kObject || kind == Kind::kNull, "a member of no object");
  kind = Kind::kObject;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != name) continue;
    items[i] = std::move(value);
    return *this;
  }
  names.emplace_back(name);
  items.push_back(std::move(value));
  return *this;
}

void JsonValue::remove(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != name) continue;
    names.erase(names.begin() + static_cast<std::ptrdiff_t>(i));
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

std::optional<std::int64_t> JsonValue::integer() const {
  if (kind != Kind::kNumber) return std::nullopt;
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  if (number > kIntegerMax || number < -kIntegerMax) return std::nullopt;
  return number;
}

bool operator==(const JsonValue& a, const JsonValue& b) {
  if (a.kind != b.kind || a.items.size() != b.items.size()) return false;
  switch (a.kind) {
    case Kind::kNull:
      return true;
    case Kind::kTruth:
      return a.truth == b.truth;
    case Kind::kNumber:
      return number_of(a.text) == number_of(b.text);
    case Kind::kText:
      return a.text == b.text;
    case Kind::kList:
      return a.items == b.items;
    case Kind::kObject:
      break;
  }
  for (std::size_t i = 0; i < a.names.size(); ++i) {
    const JsonValue* other = b.find(a.names[i]);
    if (other == nullptr || !(*other == a.items[i])) return false;
  }
  return true;
}

Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits) {
  return Parser(text, limits).parse();
}

std::string to_json(const JsonValue& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace phantom
