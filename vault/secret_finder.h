#pragma once
// Finds what looks like a secret in text of any size, by the rules of vault/secret_rules.h.
//
// One automaton over the beginnings and names of all rules walks the bytes once; where it stops,
// the rule is tried on the spot. What a finding depends on lies within kLookBehind bytes before its
// keyword and kLookAhead after it, so a text can be given in pieces: the findings are the same
// wherever it is cut.

#include "events/types.h"
#include "vault/secret_rules.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::size_t kLookBehind = 2'048;
inline constexpr std::size_t kLookAhead = 16'384;

enum class TextKind : std::uint8_t {
  kSource,     // a name is given a value in quotes; without them it is an expression
  kConfig,     // NAME=value and name: value count without quotes too
  kGenerated,  // lock files, source maps, minified code: only values with a beginning of their own
};

// What kind of text a file of this name holds. Pure.
TextKind text_kind_of(std::string_view path);

// Valid during the call it is given to, but for the rule.
struct SecretHit {
  const SecretRule* rule = nullptr;
  std::string_view value;
  std::string_view random;   // without what the shape gives in front and behind
  std::string_view name;     // what it is assigned to; empty when nothing is
  std::uint64_t offset = 0;  // of the value in the text
  std::uint64_t line = 1;
  std::uint64_t column = 1;  // in characters
  // Columns of the value on its first line, one past its end.
  std::uint64_t column_end = 1;
};

using HitSink = std::function<void(const SecretHit&)>;

// Immutable once made; safe from several threads.
class SecretFinder {
 public:
  SecretFinder();
  ~SecretFinder();
  SecretFinder(const SecretFinder&) = delete;
  SecretFinder& operator=(const SecretFinder&) = delete;

  // Findings of a whole text, in order of their keywords; none overlaps the one before it.
  void find(std::string_view text, TextKind kind, const HitSink& sink) const;

 private:
  friend class SecretStream;
  class Automaton;
  class Window;
  std::unique_ptr<const Automaton> automaton_;
};

// The same for text that comes in pieces, in constant memory. The first piece decides whether the
// text is binary (it has a NUL byte in its first 8,000); then nothing is looked for.
class SecretStream {
 public:
  SecretStream(const SecretFinder& finder, TextKind kind, HitSink sink);

  void feed(std::string_view piece);
  void finish();
  bool is_binary() const { return binary_; }

 private:
  void scan(bool last);

  const SecretFinder& finder_;
  TextKind kind_;
  HitSink sink_;
  std::string buffer_;
  std::size_t begin_ = 0;   // in buffer_: keywords before it are done with
  std::uint64_t base_ = 0;  // of buffer_ in the text
  bool started_ = false;
  bool binary_ = false;
  // Where lines have been counted to.
  std::uint64_t counted_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t column_ = 1;
  // Of the last finding.
  std::uint64_t found_begin_ = 0;
  std::uint64_t found_end_ = 0;
};

}  // namespace phantom
