#include "vault/secret_finder.h"

#include "vault/assignment.h"
#include "vault/keyword_automaton.h"
#include "vault/placeholder.h"
#include "vault/secret_checks.h"
#include "vault/value_look.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace phantom {
namespace {

constexpr std::size_t kStreamWindow = 256 * 1'024;
constexpr std::size_t kBinaryPeek = 8'000;
constexpr std::size_t kAllowReach = 1'000;  // of a comment on the same line
constexpr std::size_t kLongLine = 1'000;    // on either side: no line that a person wrote
constexpr std::size_t kBlobRun = 40;        // of base64 next to a value: it is a part of data
constexpr std::size_t kPlausibleMin = 12;

bool is_word(char c) { return in_alphabet(c, 'a') || c == '_'; }

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

struct PreparedRule {
  const SecretRule* rule;
  SecretShape shape;
  std::vector<std::string> near;  // lower case

  explicit PreparedRule(const SecretRule& each) : rule(&each), shape(each.shape) {
    std::string_view rest = each.near;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('|'), rest.size());
      near.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
};

// What a keyword stands for: beginnings of values, in order of the rules; and a name or not.
struct Keyword {
  std::vector<std::size_t> beginnings;
  bool is_name = false;
  bool is_connection = false;
};

}  // namespace

class SecretFinder::Automaton {
 public:
  Automaton() {
    for (const SecretRule& rule : secret_rules()) rules.emplace_back(rule);
    std::map<std::string, Keyword> words;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const PreparedRule& each = rules[i];
      for (const std::string& word : each.near) {
        Keyword& keyword = words[word];
        if (each.rule->check == SecretCheck::kConnection) {
          keyword.is_connection = true;
          connection = i;
        } else {
          keyword.is_name = true;
        }
      }
      if (!each.near.empty()) continue;
      for (const std::string& prefix : each.shape.prefixes()) {
        words[lower_case(prefix)].beginnings.push_back(i);
      }
    }
    std::vector<std::string> texts;
    for (auto& [text, keyword] : words) {
      texts.push_back(text);
      keywords.push_back(std::move(keyword));
    }
    search.emplace(texts);
    sizes.reserve(texts.size());
    for (const std::string& text : texts) sizes.push_back(text.size());
  }

  // The first rule with a beginning of its own that fits at the start of `text`.
  const PreparedRule* own_shape(std::string_view text, SecretShape::Match& match) const {
    for (const PreparedRule& each : rules) {
      const SecretCheck check = each.rule->check;
      if (!each.near.empty() || check == SecretCheck::kUrl || check == SecretCheck::kPem) continue;
      match = each.shape.match(text);
      if (match.size > 0 && fits(each, text, match)) return &each;
    }
    return nullptr;
  }

  static bool fits(const PreparedRule& each, std::string_view text,
                   const SecretShape::Match& match) {
    const std::string_view value = text.substr(0, match.size);
    const std::string_view random = text.substr(match.random_begin, match.random_size);
    // A value that runs on in letters and digits is a longer one of another kind.
    if (match.size < text.size() && is_word(value.back()) && in_alphabet(text[match.size], 'a')) {
      return false;
    }
    return shannon_entropy(random) >= each.rule->entropy_min && !is_example(random) &&
           holds(each.rule->check, value);
  }

  std::vector<PreparedRule> rules;
  std::vector<Keyword> keywords;
  std::vector<std::size_t> sizes;
  std::optional<KeywordAutomaton> search;
  std::size_t connection = 0;
};

// One look at a part of a text, with enough of it on both sides.
class SecretFinder::Window {
 public:
  struct Found {
    const SecretRule* rule = nullptr;
    TextSpan value;
    TextSpan random;
    std::string_view name;
  };

  Window(const Automaton& automaton, std::string_view text, TextKind kind)
      : automaton_(automaton), text_(text), kind_(kind) {}

  // Keywords that start from `begin` on and before `limit`. Calls with each finding and the offset
  // of its keyword, which never goes back.
  template <class Sink>
  void scan(std::size_t begin, std::size_t limit, const Sink& sink) {
    const std::size_t end = std::min(text_.size(), limit + automaton_.search->longest());
    automaton_.search->walk(text_.substr(begin, end - begin),
                            [&](std::uint32_t word, std::size_t at) {
                              at += begin;
                              if (at >= limit) return;
                              const Keyword& keyword = automaton_.keywords[word];
                              if (!keyword.beginnings.empty()) {
                                if (const auto found = begins_value(keyword, at)) sink(*found, at);
                              }
                              if (keyword.is_connection) {
                                if (const auto found = in_connection(at, automaton_.sizes[word]))
                                  sink(*found, at);
                              }
                              if (keyword.is_name && kind_ != TextKind::kGenerated) {
                                if (const auto found = is_assigned(at, automaton_.sizes[word]))
                                  sink(*found, at);
                              }
                            });
  }

 private:
  std::string_view ahead(std::size_t at) const { return text_.substr(at, kLookAhead); }
  std::string_view behind(std::size_t at) const {
    const std::size_t size = std::min(at, kLookBehind);
    return text_.substr(at - size, size);
  }

  // A value starts here: not in the middle of a word, but after an escape such as \n or %3D.
  bool starts_word(std::size_t at) const {
    if (at == 0 || !in_alphabet(text_[at], 'a')) return true;
    const char before = text_[at - 1];
    if (!is_word(before) && before != '-') return true;
    if (at >= 2 && text_[at - 2] == '\\' &&
        std::string_view("nrt").find(before) != std::string_view::npos) {
      return true;
    }
    return at >= 3 && text_[at - 3] == '%' && in_alphabet(text_[at - 2], 'H') &&
           in_alphabet(before, 'H');
  }

  bool in_blob(std::size_t begin, std::size_t end) const {
    std::size_t left = 0;
    while (left < kBlobRun && left < begin && in_alphabet(text_[begin - left - 1], 'b')) ++left;
    std::size_t right = 0;
    while (right < kBlobRun && end + right < text_.size() && in_alphabet(text_[end + right], 'b')) {
      ++right;
    }
    return left >= kBlobRun || right >= kBlobRun;
  }

  bool is_long_line(std::size_t at) const {
    const std::string_view before =
        text_.substr(at - std::min(at, kLongLine), std::min(at, kLongLine));
    const std::string_view after = text_.substr(at, kLongLine);
    const bool begins = at < kLongLine || before.find('\n') != std::string_view::npos;
    const bool ends = after.size() < kLongLine || after.find('\n') != std::string_view::npos;
    return !begins || !ends;
  }

  bool is_allowed(std::size_t begin, std::size_t end) const {
    std::string_view before =
        text_.substr(begin - std::min(begin, kAllowReach), std::min(begin, kAllowReach));
    if (const std::size_t line = before.rfind('\n'); line != std::string_view::npos) {
      before.remove_prefix(line + 1);
    }
    // Of a value over several lines the first counts, and the last.
    const std::string_view value = text_.substr(begin, end - begin);
    const std::size_t first = value.find('\n');
    const std::string_view first_line = value.substr(0, first);
    std::string_view after = text_.substr(end, kAllowReach);
    after = after.substr(0, after.find('\n'));
    for (const std::string_view line : {before, first_line, after}) {
      if (line.find("phantom:allow") != std::string_view::npos ||
          line.find("gitleaks:allow") != std::string_view::npos) {
        return true;
      }
    }
    return false;
  }

  std::optional<Found> accepted(const SecretRule& rule, TextSpan value, TextSpan random,
                                std::string_view name) const {
    if (is_allowed(value.begin, value.end)) return std::nullopt;
    return Found{&rule, value, random, name};
  }

  std::optional<Found> begins_value(const Keyword& keyword, std::size_t at) const {
    if (!starts_word(at)) return std::nullopt;
    const std::string_view text = ahead(at);
    for (const std::size_t number : keyword.beginnings) {
      const PreparedRule& each = automaton_.rules[number];
      const SecretShape::Match match = each.shape.match(text);
      if (match.size == 0) continue;
      const SecretCheck check = each.rule->check;
      if (check == SecretCheck::kPem || check == SecretCheck::kUrl) {
        const auto span = check == SecretCheck::kPem ? key_block(text, match.size)
                                                     : url_password(text, match.size);
        if (!span) continue;
        SecretShape::Match other;
        const std::string_view value = text.substr(span->begin, span->end - span->begin);
        if (check == SecretCheck::kUrl && automaton_.own_shape(value, other) != nullptr) continue;
        const TextSpan whole{at + span->begin, at + span->end};
        return accepted(*each.rule, whole, whole, name_before(text_, whole.begin));
      }
      // The first rule that fits here has it, whichever keyword led to it.
      SecretShape::Match best;
      const PreparedRule* first = automaton_.own_shape(text, best);
      if (first == nullptr) continue;
      const TextSpan whole{at, at + best.size};
      if (in_blob(whole.begin, whole.end)) return std::nullopt;
      const TextSpan random{at + best.random_begin, at + best.random_begin + best.random_size};
      return accepted(*first->rule, whole, random, name_before(text_, at));
    }
    return std::nullopt;
  }

  std::optional<Found> in_connection(std::size_t at, std::size_t size) const {
    if (at > 0 && is_word(text_[at - 1])) return std::nullopt;
    std::string_view before = behind(at);
    if (const std::size_t line = before.rfind('\n'); line != std::string_view::npos) {
      before.remove_prefix(line + 1);
    }
    const auto span = connection_password(ahead(at + size), before);
    if (!span) return std::nullopt;
    const TextSpan value{at + size + span->begin, at + size + span->end};
    return accepted(*automaton_.rules[automaton_.connection].rule, value, value, "password");
  }

  std::optional<Found> is_assigned(std::size_t at, std::size_t size) const {
    const auto assignment = assignment_at(text_, at, size, at + kLookAhead / 4);
    if (!assignment) return std::nullopt;
    const std::string_view value = assignment->value;
    const std::string_view name = assignment->name;
    if (value.size() < kPlausibleMin || value.starts_with(kPlaceholderPrefix)) return std::nullopt;
    if (is_long_line(at)) return std::nullopt;
    const NameHint hint = name_hint(name);
    if (hint == NameHint::kNone || hint == NameHint::kHarmless) return std::nullopt;
    SecretShape::Match own;
    const bool has_own = automaton_.own_shape(value, own) != nullptr;
    const std::string lower = lower_case(name);
    const auto begin = static_cast<std::size_t>(value.data() - text_.data());
    for (const PreparedRule& each : automaton_.rules) {
      const SecretCheck check = each.rule->check;
      if (each.near.empty() || check == SecretCheck::kConnection) continue;
      // What a value says of itself counts for more than a name, unless both say the same.
      if (has_own && each.shape.prefixes().empty()) continue;
      const bool named = std::any_of(
          each.near.begin(), each.near.end(),
          [&](const std::string& word) { return lower.find(word) != std::string::npos; });
      if (!named) continue;
      const SecretShape::Match match = each.shape.match(value);
      if (match.size != value.size()) continue;
      if (check == SecretCheck::kRandom) {
        const bool strong = hint == NameHint::kStrong || hint == NameHint::kPassword;
        const bool stands = assignment->quoted || (kind_ == TextKind::kConfig && assignment->apart);
        if (!strong || !stands) continue;
        if (!is_secret_text(lower, value)) continue;
      }
      if (!Automaton::fits(each, value, match)) continue;
      if (in_blob(begin, begin + value.size())) return std::nullopt;
      const TextSpan random{begin + match.random_begin,
                            begin + match.random_begin + match.random_size};
      return accepted(*each.rule, {begin, begin + value.size()}, random, name);
    }
    return std::nullopt;
  }

  const Automaton& automaton_;
  std::string_view text_;
  TextKind kind_;
};

SecretFinder::SecretFinder() : automaton_(std::make_unique<Automaton>()) {}
SecretFinder::~SecretFinder() = default;

void SecretFinder::find(std::string_view text, TextKind kind, const HitSink& sink) const {
  SecretStream stream(*this, kind, sink);
  stream.feed(text);
  stream.finish();
}

SecretStream::SecretStream(const SecretFinder& finder, TextKind kind, HitSink sink)
    : finder_(finder), kind_(kind), sink_(std::move(sink)) {}

void SecretStream::feed(std::string_view piece) {
  if (binary_) return;
  while (!piece.empty()) {
    const std::size_t room = kStreamWindow + kLookBehind + kLookAhead - buffer_.size();
    const std::string_view taken = piece.substr(0, room);
    buffer_ += taken;
    piece.remove_prefix(taken.size());
    if (!started_ && buffer_.size() >= kBinaryPeek) {
      started_ = true;
      binary_ = buffer_.find('\0') < kBinaryPeek;
      if (binary_) {
        buffer_ = {};
        return;
      }
    }
    if (taken.size() == room) scan(false);
  }
}

void SecretStream::finish() {
  if (!started_) binary_ = buffer_.find('\0') != std::string::npos;
  if (!binary_) scan(true);
  buffer_ = {};
}

void SecretStream::scan(bool last) {
  const std::size_t limit = last ? buffer_.size() : buffer_.size() - kLookAhead;
  const auto count_to = [](std::string_view text, std::uint64_t& line, std::uint64_t& column) {
    if (const std::size_t end = text.rfind('\n'); end != std::string_view::npos) {
      line += static_cast<std::uint64_t>(
                  std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n')) +
              1;
      column = 1;
      text.remove_prefix(end + 1);
    }
    column += static_cast<std::uint64_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
  };
  const std::string_view text = buffer_;
  SecretFinder::Window window(*finder_.automaton_, text, kind_);
  window.scan(begin_, limit, [&](const SecretFinder::Window::Found& found, std::size_t at) {
    const std::uint64_t offset = base_ + found.value.begin;
    const std::uint64_t end = base_ + found.value.end;
    if (offset < found_end_ && end > found_begin_) return;
    found_begin_ = offset;
    found_end_ = end;
    // Counted to the start of the line's keyword or value, whichever is first, and on from there.
    const std::size_t sure = std::min(at, found.value.begin);
    const auto counted = static_cast<std::size_t>(counted_ - base_);
    if (sure > counted) {
      count_to(text.substr(counted, sure - counted), line_, column_);
      counted_ = base_ + sure;
    }
    SecretHit hit;
    hit.rule = found.rule;
    hit.value = text.substr(found.value.begin, found.value.end - found.value.begin);
    hit.random = text.substr(found.random.begin, found.random.end - found.random.begin);
    hit.name = found.name;
    hit.offset = offset;
    hit.line = line_;
    hit.column = column_;
    const auto from = static_cast<std::size_t>(counted_ - base_);
    count_to(text.substr(from, found.value.begin - from), hit.line, hit.column);
    hit.column_end = hit.column;
    std::uint64_t same_line = hit.line;
    count_to(hit.value.substr(0, hit.value.find('\n')), same_line, hit.column_end);
    sink_(hit);
  });
  if (last) return;
  const std::size_t drop = limit - kLookBehind;
  const auto counted = static_cast<std::size_t>(counted_ - base_);
  if (drop > counted) {
    count_to(text.substr(counted, drop - counted), line_, column_);
    counted_ = base_ + drop;
  }
  buffer_.erase(0, drop);
  base_ += drop;
  begin_ = kLookBehind;
}

}  // namespace phantom
