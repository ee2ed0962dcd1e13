#include "vault/secret_rules.h"

#include "events/check.h"
#include "vault/value_look.h"

#include <algorithm>

namespace phantom {
namespace {

using enum SecretCheck;
using enum SecretSeverity;
using enum SecretAudience;

constexpr SecretRule kRules[] = {
// clang-format off
#include "vault/secret_rules.inc"
    // clang-format on
};

// Matching one shape ends after this many steps, whatever the bytes are.
constexpr std::size_t kStepsMax = 20'000;

std::size_t number_in(std::string_view notation, std::size_t& at) {
  std::size_t number = 0;
  const std::size_t begin = at;
  while (at < notation.size() && notation[at] >= '0' && notation[at] <= '9') {
    number = number * 10 + static_cast<std::size_t>(notation[at++] - '0');
  }
  PH_CHECK(at > begin, "a shape without a count");
  return number;
}

std::vector<std::string> texts_in(std::string_view list) {
  std::vector<std::string> texts;
  for (;;) {
    const std::size_t end = std::min(list.find('|'), list.size());
    texts.emplace_back(list.substr(0, end));
    if (end == list.size()) return texts;
    list.remove_prefix(end + 1);
  }
}

// What a value that stands alone may be made of.
bool is_key_byte(char c) { return in_alphabet(c, 'e') || c == '.' || c == '%' || c == '!'; }

struct Beginning {
  std::string text;
  std::size_t rest_min;
  const SecretRule* rule;
};

std::vector<Beginning> make_beginnings() {
  std::vector<Beginning> all;
  for (const SecretRule& rule : kRules) {
    const bool plain = rule.check == kNone || rule.check == kCrc62;
    if (!plain || !rule.near.empty()) continue;
    const SecretShape shape(rule.shape);
    for (const std::string& prefix : shape.prefixes()) {
      if (prefix.size() < 3 || prefix.find("://") != std::string::npos) continue;
      // Up to its last mark: what comes after it may be the first bytes of every key so far.
      const std::size_t mark = prefix.find_last_of("_-.") + 1;
      const std::string text = mark >= 5 ? prefix.substr(0, mark) : prefix;
      const std::size_t rest = shape.size_min() - std::min(shape.size_min(), text.size());
      all.push_back({text, std::min<std::size_t>(rest, 16), &rule});
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Beginning& a, const Beginning& b) {
    return a.text.size() > b.text.size();
  });
  return all;
}

}  // namespace

std::span<const SecretRule> secret_rules() { return kRules; }

const SecretRule* find_secret_rule(std::string_view id) {
  for (const SecretRule& rule : kRules) {
    if (rule.id == id) return &rule;
  }
  return nullptr;
}

const char* severity_name(SecretSeverity severity) {
  switch (severity) {
    case kMedium:
      return "medium";
    case kHigh:
      return "high";
    case kCritical:
      return "critical";
  }
  return "high";
}

bool in_alphabet(char c, char alphabet) {
  const bool digit = c >= '0' && c <= '9';
  const bool lower = c >= 'a' && c <= 'z';
  const bool upper = c >= 'A' && c <= 'Z';
  switch (alphabet) {
    case 'h':
      return digit || (c >= 'a' && c <= 'f');
    case 'H':
      return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    case 'd':
      return digit;
    case 'c':
      return lower;
    case 'U':
      return upper;
    case 'l':
      return digit || lower;
    case 'u':
      return digit || upper;
    case 'B':
      return upper || (c >= '2' && c <= '7');
    case 'a':
      return digit || lower || upper;
    case 'w':
      return digit || lower || upper || c == '_' || c == '-';
    case 't':
      return digit || lower || upper || c == '_' || c == '-' || c == '.';
    case 'b':
      return digit || lower || upper || c == '+' || c == '/';
    case 'e':
      return digit || lower || upper || c == '+' || c == '/' || c == '=' || c == '_' || c == '-';
    case 'p':
      return c > 0x20 && c < 0x7f && std::string_view("\"'`<>\\").find(c) == std::string_view::npos;
    default:
      return false;
  }
}

SecretShape::SecretShape(std::string_view notation) {
  std::string text;
  const auto finish_text = [&] {
    if (!text.empty()) parts_.push_back({{text}, 0, 0, 0});
    text.clear();
  };
  for (std::size_t at = 0; at < notation.size();) {
    if (notation[at] == '<') {
      finish_text();
      Part part;
      part.alphabet = notation[at + 1];
      PH_CHECK(std::string_view("hHdcUluBawtbep").find(part.alphabet) != std::string_view::npos,
               "a shape with an unknown alphabet");
      at += 2;
      part.min = part.max = number_in(notation, at);
      if (at < notation.size() && notation[at] == '-') part.max = number_in(notation, ++at);
      PH_CHECK(at < notation.size() && notation[at] == '>' && part.min <= part.max && part.max > 0,
               "a shape with a broken count");
      parts_.push_back(part);
      ++at;
    } else if (notation[at] == '{') {
      finish_text();
      const std::size_t end = notation.find('}', at);
      PH_CHECK(end != std::string_view::npos, "a shape with an open choice");
      parts_.push_back({texts_in(notation.substr(at + 1, end - at - 1)), 0, 0, 0});
      at = end + 1;
    } else {
      text += notation[at++];
    }
  }
  finish_text();
  for (const Part& part : parts_) {
    if (part.texts.empty()) break;
    if (prefixes_.empty()) prefixes_.emplace_back();
    std::vector<std::string> longer;
    for (const std::string& begun : prefixes_) {
      for (const std::string& next : part.texts) longer.push_back(begun + next);
    }
    prefixes_ = std::move(longer);
  }
}

std::size_t SecretShape::size_min() const {
  std::size_t size = 0;
  for (const Part& part : parts_) {
    std::size_t least = part.min;
    if (!part.texts.empty()) {
      least = part.texts[0].size();
      for (const std::string& text : part.texts) least = std::min(least, text.size());
    }
    size += least;
  }
  return size;
}

std::size_t SecretShape::size_max() const {
  std::size_t size = 0;
  for (const Part& part : parts_) {
    std::size_t most = part.max;
    for (const std::string& text : part.texts) most = std::max(most, text.size());
    size += most;
  }
  return size;
}

bool SecretShape::match_from(std::size_t index, std::string_view text, std::size_t at, Match& match,
                             std::size_t& budget) const {
  if (budget == 0) return false;
  --budget;
  if (index == parts_.size()) {
    match.size = at;
    return true;
  }
  const Part& part = parts_[index];
  if (!part.texts.empty()) {
    for (const std::string& each : part.texts) {
      if (text.substr(at).starts_with(each) &&
          match_from(index + 1, text, at + each.size(), match, budget)) {
        return true;
      }
    }
    return false;
  }
  std::size_t run = 0;
  while (at + run < text.size() && run <= part.max && in_alphabet(text[at + run], part.alphabet)) {
    ++run;
  }
  const bool last = index + 1 == parts_.size();
  // The value goes on where the shape ends, so it is something else.
  if (last && run > part.max) return false;
  for (std::size_t take = std::min(run, part.max) + 1; take-- > part.min;) {
    if (match_from(index + 1, text, at + take, match, budget)) {
      match.random_size = std::max(at + take, match.random_begin + match.random_size) - at;
      match.random_begin = at;
      return true;
    }
    if (last) return false;
  }
  return false;
}

SecretShape::Match SecretShape::match(std::string_view text) const {
  Match match;
  std::size_t budget = kStepsMax;
  if (!match_from(0, text, 0, match, budget)) return {};
  return match;
}

const SecretRule* rule_by_prefix(std::string_view value) {
  static const std::vector<Beginning> beginnings = make_beginnings();
  for (const Beginning& beginning : beginnings) {
    if (!value.starts_with(beginning.text)) continue;
    const std::string_view rest = value.substr(beginning.text.size());
    if (rest.size() < beginning.rest_min || !std::all_of(rest.begin(), rest.end(), is_key_byte)) {
      continue;
    }
    // A short beginning could be that of a word.
    const bool words = is_slug(rest) && std::any_of(rest.begin(), rest.end(),
                                                    [](char c) { return in_alphabet(c, 'c'); });
    if (beginning.text.size() < 5 && (rest.size() < 16 || words)) continue;
    return beginning.rule;
  }
  return nullptr;
}

}  // namespace phantom
