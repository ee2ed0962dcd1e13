#include "proxy/host_look.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace phantom {
namespace {

constexpr std::string_view kPrefix = "xn--";

std::vector<std::string_view> labels_of(std::string_view host) {
  std::vector<std::string_view> labels;
  while (true) {
    const std::size_t dot = host.find('.');
    labels.push_back(host.substr(0, dot));
    if (dot == std::string_view::npos) return labels;
    host.remove_prefix(dot + 1);
  }
}

struct LooksAs {
  char32_t letter;
  char latin;
};

// Letters outside ASCII, by the Latin letter people take them for.
constexpr std::array kLookalikes = {
    // Cyrillic
    LooksAs{U'\u0430', 'a'},
    LooksAs{U'\u0432', 'b'},
    LooksAs{U'\u0441', 'c'},
    LooksAs{U'\u0501', 'd'},
    LooksAs{U'\u0435', 'e'},
    LooksAs{U'\u0451', 'e'},
    LooksAs{U'\u04bb', 'h'},
    LooksAs{U'\u0456', 'i'},
    LooksAs{U'\u0457', 'i'},
    LooksAs{U'\u0458', 'j'},
    LooksAs{U'\u043a', 'k'},
    LooksAs{U'\u04cf', 'l'},
    LooksAs{U'\u043c', 'm'},
    LooksAs{U'\u043f', 'n'},
    LooksAs{U'\u043e', 'o'},
    LooksAs{U'\u0440', 'p'},
    LooksAs{U'\u051b', 'q'},
    LooksAs{U'\u0433', 'r'},
    LooksAs{U'\u0455', 's'},
    LooksAs{U'\u0442', 't'},
    LooksAs{U'\u051d', 'w'},
    LooksAs{U'\u0445', 'x'},
    LooksAs{U'\u0443', 'y'},
    // Greek
    LooksAs{U'\u03b1', 'a'},
    LooksAs{U'\u03b5', 'e'},
    LooksAs{U'\u03b9', 'i'},
    LooksAs{U'\u03ba', 'k'},
    LooksAs{U'\u03bd', 'v'},
    LooksAs{U'\u03bf', 'o'},
    LooksAs{U'\u03c1', 'p'},
    LooksAs{U'\u03c4', 't'},
    LooksAs{U'\u03c5', 'u'},
    LooksAs{U'\u03c7', 'x'},
    // Latin of other kinds
    LooksAs{U'\u0131', 'i'},
    LooksAs{U'\u0142', 'l'},
    LooksAs{U'\u0251', 'a'},
    LooksAs{U'\u0261', 'g'},
    LooksAs{U'\u026a', 'i'},
    LooksAs{U'\u1d0f', 'o'},
};

// Latin letters with marks, U+00E0 to U+017F: the letter without its mark, in order.
constexpr std::string_view kLatin1 = "aaaaaaaceeeeiiiidnooooo/ouuuuypy";
constexpr std::string_view kExtended =
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooo"
    "rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

char latin_of(char32_t letter) {
  if (letter < 0x80) return static_cast<char>(letter);
  for (const LooksAs& each : kLookalikes) {
    if (each.letter == letter) return each.latin;
  }
  if (letter >= 0xe0 && letter < 0xe0 + kLatin1.size()) return kLatin1[letter - 0xe0];
  if (letter >= 0x100 && letter < 0x100 + kExtended.size()) return kExtended[letter - 0x100];
  return '?';
}

enum class Script { kNone, kLatin, kCyrillic, kGreek, kOther };

Script script_of(char32_t letter) {
  if (letter < 0x80) {
    return letter >= 'a' && letter <= 'z' ? Script::kLatin : Script::kNone;
  }
  if (letter < 0x250) return Script::kLatin;
  if (letter >= 0x370 && letter < 0x400) return Script::kGreek;
  if (letter >= 0x400 && letter < 0x530) return Script::kCyrillic;
  return Script::kOther;
}

void append_utf8(std::string& text, char32_t c) {
  const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

std::uint32_t adapt_bias(std::uint32_t delta, std::uint32_t count, bool first) {
  delta = first ? delta / 700 : delta / 2;
  delta += delta / count;
  std::uint32_t k = 0;
  for (; delta > 455; k += 36) delta /= 35;
  return k + 36 * delta / (delta + 38);
}

// RFC 3492 section 6.2, with its parameters for domain names.
std::optional<std::u32string> decode_punycode(std::string_view text) {
  std::u32string out;
  if (const std::size_t dash = text.rfind('-'); dash != std::string_view::npos) {
    for (const char c : text.substr(0, dash)) out += static_cast<char32_t>(c);
    text.remove_prefix(dash + 1);
  }
  std::uint64_t code = 128;
  std::uint64_t at = 0;
  std::uint32_t bias = 72;
  while (!text.empty()) {
    const std::uint64_t before = at;
    std::uint64_t weight = 1;
    for (std::uint32_t k = 36;; k += 36) {
      if (text.empty()) return std::nullopt;
      const char c = text.front();
      text.remove_prefix(1);
      std::uint32_t digit = 0;
      if (c >= 'a' && c <= 'z') {
        digit = static_cast<std::uint32_t>(c - 'a');
      } else if (c >= '0' && c <= '9') {
        digit = static_cast<std::uint32_t>(c - '0') + 26;
      } else {
        return std::nullopt;
      }
      at += digit * weight;
      const std::uint32_t low = k <= bias ? 1 : (k >= bias + 26 ? 26 : k - bias);
      if (digit < low) break;
      weight *= 36 - low;
      if (at > 0xffffffff || weight > 0xffffffff) return std::nullopt;
    }
    const auto length = static_cast<std::uint32_t>(out.size()) + 1;
    bias = adapt_bias(static_cast<std::uint32_t>(at - before), length, before == 0);
    code += at / length;
    at %= length;
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return std::nullopt;
    out.insert(static_cast<std::size_t>(at), 1, static_cast<char32_t>(code));
    ++at;
  }
  return out;
}

// Digits and pairs of letters that pass for others.
std::string ascii_skeleton(std::string text) {
  for (char& c : text) {
    if (c == '0') c = 'o';
    if (c == '1' || c == 'i' || c == '|') c = 'l';
    if (c == '5') c = 's';
  }
  constexpr std::array<std::pair<std::string_view, char>, 3> kPairs = {
      {{"rn", 'm'}, {"vv", 'w'}, {"cl", 'd'}}};
  for (const auto& [pair, one] : kPairs) {
    for (std::size_t at = 0; (at = text.find(pair, at)) != std::string::npos; ++at) {
      text.replace(at, pair.size(), 1, one);
    }
  }
  return text;
}

// "x.a.b.y" holds "a.b" as whole labels.
bool holds_labels(std::string_view text, std::string_view wanted) {
  const std::string padded = "." + std::string(text) + ".";
  return padded.find("." + std::string(wanted) + ".") != std::string::npos;
}

// One letter more, less, other, or two next to each other swapped.
bool is_one_edit_away(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1 || a == b) return false;
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin());
  const auto at = static_cast<std::size_t>(in_a - a.begin());
  if (a.size() < b.size()) return a.substr(at) == b.substr(at + 1);
  if (a.substr(at + 1) == b.substr(at + 1)) return true;
  return at + 1 < a.size() && a[at] == b[at + 1] && a[at + 1] == b[at] &&
         a.substr(at + 2) == b.substr(at + 2);
}

}  // namespace

std::optional<std::u32string> decode_host_label(std::string_view label) {
  if (label.starts_with(kPrefix)) return decode_punycode(label.substr(kPrefix.size()));
  std::u32string plain;
  for (const char c : label) plain += static_cast<char32_t>(static_cast<unsigned char>(c));
  return plain;
}

std::string decoded_host(std::string_view host) {
  std::string text;
  for (const std::string_view label : labels_of(host)) {
    if (!text.empty()) text += '.';
    const auto decoded = decode_host_label(label);
    if (!decoded) {
      text += label;
    } else {
      for (const char32_t c : *decoded) append_utf8(text, c);
    }
  }
  return text;
}

std::string host_skeleton(std::string_view host) {
  std::string text;
  for (const std::string_view label : labels_of(host)) {
    if (!text.empty()) text += '.';
    const auto decoded = decode_host_label(label);
    std::string plain;
    if (decoded) {
      for (const char32_t c : *decoded) plain += latin_of(c);
    } else {
      plain = label;
    }
    text += ascii_skeleton(std::move(plain));
  }
  return text;
}

std::string_view host_site(std::string_view host) {
  const std::size_t last = host.rfind('.');
  if (last == std::string_view::npos || last == 0) return host;
  const std::size_t before = host.rfind('.', last - 1);
  return before == std::string_view::npos ? host : host.substr(before + 1);
}

Likeness likeness(std::string_view host, std::string_view known) {
  // Shorter words are in too many names to say anything.
  constexpr std::size_t kSiteMin = 8;
  constexpr std::size_t kWordMin = 5;
  const std::string_view known_site = host_site(known);
  const std::string_view site = host_site(host);
  if (site == known_site) return Likeness::kNone;
  const std::string site_look = host_skeleton(site);
  const std::string known_look = host_skeleton(known_site);
  if (site_look == known_look) return Likeness::kLooksLike;
  std::string dotted = host_skeleton(host);
  std::replace(dotted.begin(), dotted.end(), '-', '.');
  const std::string_view shortest = known_site.size() < kSiteMin ? known : known_site;
  if (shortest.size() >= kSiteMin && holds_labels(dotted, host_skeleton(shortest))) {
    return Likeness::kEmbeds;
  }
  const std::string_view word = std::string_view(site_look).substr(0, site_look.find('.'));
  const std::string_view known_word = std::string_view(known_look).substr(0, known_look.find('.'));
  if (known_word.size() < kWordMin) return Likeness::kNone;
  if (word == known_word) return Likeness::kOtherEnding;
  return is_one_edit_away(word, known_word) ? Likeness::kNear : Likeness::kNone;
}

bool mixes_scripts(std::string_view host) {
  for (const std::string_view label : labels_of(host)) {
    const auto decoded = decode_host_label(label);
    if (!decoded) return true;
    bool latin = false;
    bool alike = false;
    bool ascii = true;
    for (const char32_t c : *decoded) {
      if (c >= 0x80 && c < 0xc0) return true;  // no letters there
      ascii = ascii && c < 0x80;
      const Script script = script_of(c);
      latin = latin || script == Script::kLatin;
      alike = alike || script == Script::kCyrillic || script == Script::kGreek;
    }
    if (latin && alike) return true;
    if (ascii && label.starts_with(kPrefix)) return true;
  }
  return false;
}

}  // namespace phantom
