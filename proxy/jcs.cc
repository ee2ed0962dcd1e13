#include "proxy/jcs.h"

#include "events/encoding.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace phantom {
namespace {

using Kind = JsonValue::Kind;

std::u16string utf16_of(std::string_view text) {
  std::u16string units;
  while (!text.empty()) {
    const Utf8Character character = decode_utf8(text);
    PH_CHECK(character.length > 0, "parsed text is UTF-8");
    const auto code = static_cast<std::uint32_t>(character.code);
    if (code < 0x10000) {
      units += static_cast<char16_t>(code);
    } else {
      units += static_cast<char16_t>(0xd800 + ((code - 0x10000) >> 10));
      units += static_cast<char16_t>(0xdc00 + ((code - 0x10000) & 0x3ff));
    }
    text.remove_prefix(character.length);
  }
  return units;
}

// RFC 8785 section 3.2.2.2: only what has to be escaped is.
void append_text(std::string& out, std::string_view text) {
  static constexpr std::string_view kMeant = "\b\t\n\f\r\"\\";
  static constexpr std::string_view kLetters = "btnfr\"\\";
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const std::size_t i = kMeant.find(c); i != std::string::npos) {
      out += '\\';
      out += kLetters[i];
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xf];
    } else {
      out += c;
    }
  }
  out += '"';
}

Status append_number(std::string& out, const JsonValue& value) {
  if (value.text.find_first_of(".eE") == std::string::npos && value.text != "-0" &&
      !value.integer()) {
    return Error{Code::kInvalid, "a whole number beyond 2^53 has no canonical form"};
  }
  double number = 0;
  const char* end = value.text.data() + value.text.size();
  // Too small for a double, and so zero.
  if (std::from_chars(value.text.data(), end, number).ec != std::errc()) number = 0;
  out += ecmascript_number(number);
  return {};
}

Status append_value(std::string& out, const JsonValue& value);

Status append_object(std::string& out, const JsonValue& value) {
  std::vector<std::u16string> keys;
  for (const std::string& name : value.names) keys.push_back(utf16_of(name));
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&keys](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  out += '{';
  bool first = true;
  for (const std::size_t i : order) {
    if (!first) out += ',';
    first = false;
    append_text(out, value.names[i]);
    out += ':';
    PH_TRY(append_value(out, value.items[i]));
  }
  out += '}';
  return {};
}

Status append_value(std::string& out, const JsonValue& value) {
  switch (value.kind) {
    case Kind::kNull:
      out += "null";
      return {};
    case Kind::kTruth:
      out += value.truth ? "true" : "false";
      return {};
    case Kind::kNumber:
      return append_number(out, value);
    case Kind::kText:
      append_text(out, value.text);
      return {};
    case Kind::kObject:
      return append_object(out, value);
    case Kind::kList:
      break;
  }
  out += '[';
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (i > 0) out += ',';
    PH_TRY(append_value(out, value.items[i]));
  }
  out += ']';
  return {};
}

}  // namespace

std::string ecmascript_number(double number) {
  PH_CHECK(std::isfinite(number), "JSON has no such number");
  if (number == 0) return "0";  // -0 too
  if (number < 0) return "-" + ecmascript_number(-number);
  char buffer[32];
  const auto written =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<std::size_t>(written.ptr - buffer));
  const std::size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const char* first = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(first, text.data() + text.size(), exponent);
  // As ECMAScript's Number::toString names them: k digits, and the value is 0.digits * 10^n.
  const int k = static_cast<int>(digits.size());
  const int n = exponent + 1;
  const auto count = [](int value) { return static_cast<std::size_t>(value); };
  if (k <= n && n <= 21) return digits + std::string(count(n - k), '0');
  if (0 < n && n <= 21) return digits.insert(count(n), 1, '.');
  if (-6 < n && n <= 0) return "0." + std::string(count(-n), '0') + digits;
  const std::string power = (n - 1 < 0 ? "e-" : "e+") + std::to_string(std::abs(n - 1));
  if (k == 1) return digits + power;
  return digits.insert(1, 1, '.') + power;
}

Result<std::string> canonical_json(const JsonValue& value) {
  std::string out;
  PH_TRY(append_value(out, value));
  return out;
}

}  // namespace phantom
