#include "vault/keyword_automaton.h"

#include "events/check.h"

#include <algorithm>
#include <deque>

namespace phantom {
namespace {

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

KeywordAutomaton::KeywordAutomaton(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    PH_CHECK(!word.empty(), "an empty keyword");
    longest_ = std::max(longest_, word.size());
    for (const char c : word) {
      std::uint8_t& each = class_of_[static_cast<unsigned char>(c)];
      if (each == 0) each = static_cast<std::uint8_t>(width_++);
    }
  }
  for (int c = 'A'; c <= 'Z'; ++c) {
    class_of_[static_cast<std::size_t>(c)] =
        class_of_[static_cast<unsigned char>(folded(static_cast<char>(c)))];
  }

  // The tree of the words; state 0 is its root, and an edge to 0 is none.
  const auto add_state = [&] {
    next_.resize(next_.size() + width_, 0);
    ends_.push_back(-1);
    return static_cast<std::uint32_t>(ends_.size() - 1);
  };
  add_state();
  for (std::size_t word = 0; word < words.size(); ++word) {
    std::uint32_t state = 0;
    for (const char c : words[word]) {
      const std::size_t edge = state * width_ + class_of_[static_cast<unsigned char>(c)];
      if (next_[edge] == 0) {
        const std::uint32_t made = add_state();
        next_[edge] = made;
      }
      state = next_[edge];
    }
    PH_CHECK(ends_[state] < 0, "a keyword twice");
    ends_[state] = static_cast<std::int32_t>(outputs_.size());
    outputs_.push_back(
        {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(words[word].size()), -1});
  }

  // Breadth first: where a state has no edge it takes that of its longest suffix, and it ends the
  // words its suffix ends.
  std::vector<std::uint32_t> suffix(ends_.size(), 0);
  std::deque<std::uint32_t> queue;
  for (std::size_t c = 0; c < width_; ++c) {
    if (next_[c] != 0) queue.push_back(next_[c]);
  }
  while (!queue.empty()) {
    const std::uint32_t state = queue.front();
    queue.pop_front();
    if (ends_[state] < 0) {
      ends_[state] = ends_[suffix[state]];
    } else {
      outputs_[index(ends_[state])].next = ends_[suffix[state]];
    }
    for (std::size_t c = 0; c < width_; ++c) {
      std::uint32_t& edge = next_[state * width_ + c];
      const std::uint32_t other = next_[suffix[state] * width_ + c];
      if (edge == 0) {
        edge = other;
      } else {
        suffix[edge] = other;
        queue.push_back(edge);
      }
    }
  }
  for (std::uint32_t& edge : next_) {
    if (ends_[edge] >= 0) edge |= kFinal;
  }
}

}  // namespace phantom
