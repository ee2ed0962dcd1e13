#pragma once
// A line on the terminal that says how far a long run is. Nothing is drawn in the first second, nor
// when standard error is no terminal; the line is gone when the run ends.

#include <chrono>
#include <cstdint>
#include <string>

namespace phantom {

class Progress {
 public:
  // `what` names the unit, as in "events".
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::uint64_t done, std::uint64_t total);

 private:
  std::string what_;
  std::chrono::steady_clock::time_point next_;
  enum class Line { kNever, kNone, kDrawn } line_;
};

// The line itself: a bar of 24 columns, percent and counts. Pure.
std::string progress_line(std::uint64_t done, std::uint64_t total, const std::string& what);

}  // namespace phantom
