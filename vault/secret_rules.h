#pragma once
// What secrets look like, as data. One row of vault/secret_rules.inc is one shape of one provider;
// `phantom check` looks for all of them in files, `phantom init` takes them to know a value.
//
// A shape is written as the value is, with these parts:
//   <a36>        36 characters of alphabet a; <a20-60> a range
//   {live|test}  one of these texts
//   the rest     itself
// Alphabets: h 0-9a-f, H 0-9A-Fa-f, d digits, c a-z, U A-Z, l a-z0-9, u A-Z0-9, B A-Z2-7 (base 32),
// a letters and digits, w and "_-", t and "_-.", b and "+/", e and "+/=_-", p every visible
// ASCII character but quotes, angle brackets and the backslash.
//
// Pure. The table is checked whole by tests/vault/secret_rules_test.cc.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

enum class SecretCheck : std::uint8_t {
  kNone,
  kCrc62,       // the last 6 characters are the CRC-32 of the 30 before them, in base 62
  kJwt,         // the first part decodes to JSON with an "alg"; keys made for browsers are none
  kPem,         // a key follows the line
  kUrl,         // user:password@host follows
  kConnection,  // a password in a list of name=value with a server in it
  kRandom,      // no shape: a random look and a name that says secret
  kDiscord      // the first part is a number in base 64
};

enum class SecretSeverity : std::uint8_t { kMedium, kHigh, kCritical };

// May a value of this shape be shipped to browsers and apps?
enum class SecretAudience : std::uint8_t { kServer, kMaybeBrowser };

struct SecretRule {
  std::string_view id;  // stable: baselines and reports name it
  std::string_view provider;
  std::string_view what;
  std::string_view shape;
  // Words, divided by '|', one of which has to stand in the name that the value is assigned to;
  // lower case. Empty when the shape starts with a text of its own.
  std::string_view near;
  double entropy_min = 0;  // bits per character, what is given in front and behind left out
  SecretCheck check = SecretCheck::kNone;
  SecretSeverity severity = SecretSeverity::kHigh;
  SecretAudience audience = SecretAudience::kServer;
  std::string_view source;  // where the provider describes it
};

// Special ones first; among rules that fit the same bytes the first one counts.
std::span<const SecretRule> secret_rules();
const SecretRule* find_secret_rule(std::string_view id);

const char* severity_name(SecretSeverity severity);

// A shape taken apart.
class SecretShape {
 public:
  // The shape has to be well formed: it comes from the table.
  explicit SecretShape(std::string_view notation);

  struct Match {
    std::size_t size = 0;  // 0: does not match
    std::size_t random_begin = 0;
    std::size_t random_size = 0;  // from its first part that is not given to its last
  };
  // At the start of `text`; the longest that fits. Ends where the alphabet of its last part ends.
  Match match(std::string_view text) const;

  // Every text the shape can start with; empty when it starts with an alphabet.
  const std::vector<std::string>& prefixes() const { return prefixes_; }
  std::size_t size_min() const;
  std::size_t size_max() const;

  struct Part {
    std::vector<std::string> texts;  // one of them; or, when empty,
    char alphabet = 0;               // this many characters of it
    std::size_t min = 0;
    std::size_t max = 0;
  };
  const std::vector<Part>& parts() const { return parts_; }

 private:
  bool match_from(std::size_t part, std::string_view text, std::size_t at, Match& match,
                  std::size_t& budget) const;

  std::vector<Part> parts_;
  std::vector<std::string> prefixes_;
};

bool in_alphabet(char c, char alphabet);

// The rule whose own beginning the value has, with enough behind it to be a key: for values that
// stand alone, as in a dotenv file, where the exact length need not be known. nullptr: none.
const SecretRule* rule_by_prefix(std::string_view value);

}  // namespace phantom
