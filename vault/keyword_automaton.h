#pragma once
// Finds every occurrence of many short words in one walk over the bytes, whatever their case (Aho
// and Corasick, 1975). Pure; immutable once made.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

class KeywordAutomaton {
 public:
  // Lower case, none empty, each once. Their numbers are their places in the list.
  explicit KeywordAutomaton(const std::vector<std::string>& words);

  std::size_t longest() const { return longest_; }

  // Calls found(word number, offset of its first byte) for each occurrence, in order of their ends.
  template <class Found>
  void walk(std::string_view text, const Found& found) const {
    std::uint32_t state = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      state =
          next_[(state & kStateMask) * width_ + class_of_[static_cast<unsigned char>(text[at])]];
      if ((state & kFinal) == 0) continue;
      for (std::int32_t end = ends_[state & kStateMask]; end >= 0;
           end = outputs_[index(end)].next) {
        const Output& output = outputs_[index(end)];
        found(output.word, at + 1 - output.size);
      }
    }
  }

 private:
  static constexpr std::uint32_t kFinal = 0x8000'0000;
  static constexpr std::uint32_t kStateMask = 0x7fff'ffff;
  struct Output {
    std::uint32_t word;
    std::uint32_t size;
    std::int32_t next;
  };
  static std::size_t index(std::int32_t number) { return static_cast<std::size_t>(number); }

  std::array<std::uint8_t, 256> class_of_{};
  std::size_t width_ = 1;
  std::size_t longest_ = 0;
  std::vector<std::uint32_t> next_;  // state * width_ + class
  std::vector<std::int32_t> ends_;   // first output of each state, or -1
  std::vector<Output> outputs_;
};

}  // namespace phantom
