#include "cli/json_places.h"

#include <boost/json.hpp>

#include <algorithm>

namespace phantom {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr int kDepthMax = 64;

bool is_blank(char c) { return kBlanks.find(c) != std::string_view::npos; }

class PlaceParser {
 public:
  PlaceParser(std::string_view text, JsonDialect dialect) : text_(text), dialect_(dialect) {}

  Result<JsonPlace> whole() {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    PH_ASSIGN(JsonPlace place, value(0));
    PH_TRY(skip_blanks());
    if (at_ != text_.size()) return wrong("more follows the value");
    return place;
  }

 private:
  Error wrong(const std::string& what) const {
    std::size_t line = 1;
    for (const char c : text_.substr(0, at_)) line += c == '\n' ? 1 : 0;
    return {Code::kInvalid, "line " + std::to_string(line) + " is no JSON: " + what};
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  Status skip_blanks() {
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (is_blank(rest.front())) {
        ++at_;
      } else if (rest.front() != '/') {
        break;
      } else if (dialect_ == JsonDialect::kStrict) {
        return wrong("a comment, or something like it");
      } else if (rest.starts_with("//")) {
        at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
      } else if (rest.starts_with("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return wrong("a comment has no end");
        at_ = end + 2;
      } else {
        return wrong("a slash");
      }
    }
    return {};
  }

  Result<JsonPlace> value(int depth) {
    PH_TRY(skip_blanks());
    if (depth > kDepthMax) {
      return Error{Code::kLimit, "the JSON is nested more than 64 deep"};
    }
    if (peek() == '{') return list(JsonPlace::Kind::kObject, '}', depth);
    if (peek() == '[') return list(JsonPlace::Kind::kList, ']', depth);
    JsonPlace place;
    place.begin = at_;
    PH_TRY(peek() == '"' ? skip_string() : skip_word());
    place.end = at_;
    return place;
  }

  Result<JsonPlace> list(JsonPlace::Kind kind, char close, int depth) {
    JsonPlace place;
    place.kind = kind;
    place.begin = at_++;
    bool comma = true;  // or the beginning: an item may follow
    for (;;) {
      PH_TRY(skip_blanks());
      const bool first = place.items.empty();
      if (peek() == close) {
        if (comma && !first && dialect_ == JsonDialect::kStrict) return wrong("a comma too many");
        place.end = ++at_;
        return place;
      }
      if (!comma) return wrong("a comma or a bracket is missing");
      if (kind == JsonPlace::Kind::kObject) {
        JsonPlace::Name name;
        name.begin = at_;
        if (peek() != '"') return wrong("a name in quotes is missing");
        PH_TRY(skip_string());
        name.end = at_;
        const std::string_view token = text_.substr(name.begin, name.end - name.begin);
        name.text = std::string(boost::json::parse(token).as_string());
        place.names.push_back(std::move(name));
        PH_TRY(skip_blanks());
        if (peek() != ':') return wrong("a colon is missing");
        ++at_;
      }
      PH_ASSIGN(JsonPlace item, value(depth + 1));
      place.items.push_back(std::move(item));
      PH_TRY(skip_blanks());
      comma = peek() == ',';
      place.commas.push_back(comma ? std::optional(at_) : std::nullopt);
      if (comma) ++at_;
    }
  }

  // Only where a token ends is found here; whether it is one, Boost says.
  Status skip_string() {
    const std::size_t begin = at_;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    if (at_ >= text_.size()) {
      at_ = begin;
      return wrong("a string has no end");
    }
    ++at_;
    return check_token(begin);
  }
  Status skip_word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_blank(text_[at_]) &&
           std::string_view(",:]}[{\"/").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    if (at_ == begin) return wrong("a value is missing");
    return check_token(begin);
  }
  Status check_token(std::size_t begin) {
    boost::system::error_code code;
    boost::json::parse(text_.substr(begin, at_ - begin), code);
    if (!code) return {};
    at_ = begin;
    return wrong("neither a string nor a number, true, false or null");
  }

  std::string_view text_;
  JsonDialect dialect_;
  std::size_t at_ = 0;
};

void append_without_blanks(std::string& out, std::string_view text, const JsonPlace& place) {
  if (place.kind == JsonPlace::Kind::kScalar) {
    out += text.substr(place.begin, place.end - place.begin);
    return;
  }
  const bool object = place.kind == JsonPlace::Kind::kObject;
  out += object ? '{' : '[';
  for (std::size_t i = 0; i < place.items.size(); ++i) {
    if (i > 0) out += ',';
    if (object) {
      out += text.substr(place.names[i].begin, place.names[i].end - place.names[i].begin);
      out += ':';
    }
    append_without_blanks(out, text, place.items[i]);
  }
  out += object ? '}' : ']';
}

}  // namespace

Result<JsonPlace> parse_json_places(std::string_view text, JsonDialect dialect) {
  if (text.size() > kJsonEditBytesMax) {
    return Error{Code::kLimit, "the JSON is larger than 4 MiB"};
  }
  return PlaceParser(text, dialect).whole();
}

std::string json_without_blanks(std::string_view text, const JsonPlace& place) {
  std::string out;
  append_without_blanks(out, text, place);
  return out;
}

}  // namespace phantom
