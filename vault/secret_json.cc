#include "vault/secret_json.h"

#include "events/encoding.h"
#include "vault/secret.h"

#include <algorithm>

namespace phantom {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<SecretJson> whole() {
    PH_ASSIGN(SecretJson value, this->value(0));
    skip_blanks();
    if (at_ != text_.size()) return wrong();
    return value;
  }

 private:
  Error wrong() const {
    return {Code::kInvalid, "not JSON at byte " + std::to_string(at_ + 1) + " (line " +
                                std::to_string(line()) + ")"};
  }

  std::size_t line() const {
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size()));
    return 1 + static_cast<std::size_t>(std::count(text_.begin(), end, '\n'));
  }

  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }

  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Result<SecretJson> value(std::size_t depth) {
    if (depth > kSecretJsonDepthMax) return Error{Code::kLimit, "the JSON is nested too deeply"};
    if (++nodes_ > kSecretJsonNodesMax) return Error{Code::kLimit, "the JSON has too many values"};
    skip_blanks();
    if (at_ >= text_.size()) return wrong();
    SecretJson value;
    switch (text_[at_]) {
      case '{':
        return object(depth);
      case '[':
        return list(depth);
      case '"': {
        value.kind = SecretJson::Kind::kText;
        PH_TRY(string(value.text));
        return value;
      }
      default:
        return word(value);
    }
  }

  Result<SecretJson> word(SecretJson& value) {
    if (take_word("null")) return std::move(value);
    if (take_word("true") || take_word("false")) {
      value.kind = SecretJson::Kind::kTruth;
      value.truth = text_[at_ - 2] == 'u';
      return std::move(value);
    }
    value.kind = SecretJson::Kind::kNumber;
    const std::size_t begin = at_;
    take('-');
    if (!take('0')) {
      if (!digits()) return wrong();
    }
    if (take('.') && !digits()) return wrong();
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return wrong();
    }
    value.text.assign(text_.substr(begin, at_ - begin));
    return std::move(value);
  }

  bool digits() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > begin;
  }

  Result<SecretJson> list(std::size_t depth) {
    SecretJson list;
    list.kind = SecretJson::Kind::kList;
    ++at_;
    skip_blanks();
    if (take(']')) return list;
    do {
      PH_ASSIGN(SecretJson item, value(depth + 1));
      list.items.push_back(std::move(item));
      skip_blanks();
    } while (take(','));
    if (!take(']')) return wrong();
    return list;
  }

  Result<SecretJson> object(std::size_t depth) {
    SecretJson object;
    object.kind = SecretJson::Kind::kObject;
    ++at_;
    skip_blanks();
    if (take('}')) return object;
    do {
      skip_blanks();
      std::string name;
      PH_TRY(string(name));
      skip_blanks();
      if (!take(':')) return wrong();
      PH_ASSIGN(SecretJson item, value(depth + 1));
      object.members.emplace_back(std::move(name), std::move(item));
      skip_blanks();
    } while (take(','));
    if (!take('}')) return wrong();
    PH_TRY(check_names(object));
    return object;
  }

  // Readers differ in which of two members they take, so neither is.
  Status check_names(const SecretJson& object) const {
    std::vector<std::string_view> names;
    names.reserve(object.members.size());
    for (const auto& member : object.members) names.push_back(member.first);
    std::sort(names.begin(), names.end());
    if (std::adjacent_find(names.begin(), names.end()) == names.end()) return {};
    return Error{Code::kInvalid, "the JSON object that ends in line " + std::to_string(line()) +
                                     " has a name twice"};
  }

  // Text grows by doubling; what it leaves behind would not be wiped, so its bound is taken first.
  Status string(std::string& out) {
    if (!take('"')) return wrong();
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2U : 1U;
    if (end >= text_.size()) return wrong();
    out.reserve(end - at_);
    while (at_ < end) {
      if (text_[at_] == '\\') {
        ++at_;
        PH_TRY(escape(out));
        continue;
      }
      const Utf8Character next = decode_utf8(text_.substr(at_));
      if (next.length == 0 || next.code < 0x20) return wrong();
      out.append(text_.substr(at_, next.length));
      at_ += next.length;
    }
    ++at_;
    return {};
  }

  Status escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = text_[at_++];
    if (const std::size_t index = kLetters.find(letter); index != kLetters.npos) {
      out += kMeanings[index];
      return {};
    }
    if (letter != 'u') return wrong();
    PH_ASSIGN(char32_t code, four_digits());
    if (code >= 0xDC00 && code <= 0xDFFF) return wrong();
    if (code >= 0xD800 && code <= 0xDBFF) {
      if (!take_word("\\u")) return wrong();
      PH_ASSIGN(const char32_t low, four_digits());
      if (low < 0xDC00 || low > 0xDFFF) return wrong();
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, code);
    return {};
  }

  Result<char32_t> four_digits() {
    char32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = at_ < text_.size() ? text_[at_] : 'x';
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        code = code * 16 + static_cast<char32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        code = code * 16 + static_cast<char32_t>(lower - 'a' + 10);
      } else {
        return wrong();
      }
    }
    return code;
  }

  static void append_utf8(std::string& out, char32_t code) {
    const auto byte = [&out](char32_t value) { out += static_cast<char>(value); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
      byte(0xC0 | (code >> 6));
    } else if (code < 0x10000) {
      byte(0xE0 | (code >> 12));
      byte(0x80 | ((code >> 6) & 0x3F));
    } else {
      byte(0xF0 | (code >> 18));
      byte(0x80 | ((code >> 12) & 0x3F));
      byte(0x80 | ((code >> 6) & 0x3F));
    }
    byte(0x80 | (code & 0x3F));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace

SecretJson::~SecretJson() { wipe(text); }

const SecretJson* SecretJson::find(std::string_view name) const {
  for (const auto& member : members) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

std::string_view SecretJson::text_of(std::string_view name) const {
  const SecretJson* member = find(name);
  return member != nullptr && member->is(Kind::kText) ? std::string_view(member->text)
                                                      : std::string_view();
}

Result<SecretJson> parse_secret_json(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return Parser(text).whole();
}

}  // namespace phantom
