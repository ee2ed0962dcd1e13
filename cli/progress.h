#pragma once
// A line on the terminal that says how far a long run is. Nothing is drawn in the first second, nor
// when standard error is no terminal; the line is gone when the run ends. For a program that reads
// along, PHANTOM_PROGRESS=lines makes it lines of their own: "phantom: progress DONE TOTAL UNIT".

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

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
  enum class Line { kNever, kNone, kDrawn, kLines } line_;
};

// What a line for programs says; false for any other line. Pure.
struct ProgressReport {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string what;
};
bool read_progress_report(std::string_view line, ProgressReport& report);

// The line itself: a bar of 24 columns, percent and counts. Pure.
std::string progress_line(std::uint64_t done, std::uint64_t total, const std::string& what);

}  // namespace phantom
