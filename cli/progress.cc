#include "cli/progress.h"

#include "events/encoding.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <utility>

namespace phantom {
namespace {

constexpr std::uint64_t kBarColumns = 24;
constexpr std::chrono::milliseconds kQuietFirst{1'000};
constexpr std::chrono::milliseconds kBetweenDraws{100};
constexpr char kClearLine[] = "\r\x1b[K";
constexpr std::string_view kReport = "phantom: progress ";

bool wants_lines() {
  const char* said = std::getenv("PHANTOM_PROGRESS");
  return said != nullptr && std::string_view(said) == "lines";
}

}  // namespace

std::string progress_line(std::uint64_t done, std::uint64_t total, const std::string& what) {
  done = std::min(done, total);
  const std::uint64_t part = total == 0 ? 1 : total;
  const std::uint64_t percent = total == 0 ? 100 : done * 100 / part;
  const std::uint64_t filled = kBarColumns * percent / 100;
  return "[" + std::string(filled, '#') + std::string(kBarColumns - filled, '.') + "] " +
         std::to_string(percent) + "%  " + std::to_string(done) + " of " + std::to_string(total) +
         " " + what;
}

bool read_progress_report(std::string_view line, ProgressReport& report) {
  if (!line.starts_with(kReport)) return false;
  line.remove_prefix(kReport.size());
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  const auto done = parse_decimal(line.substr(0, first));
  const auto total = parse_decimal(line.substr(first + 1, second - first - 1));
  if (!done || !total) return false;
  report = {*done, *total, std::string(line.substr(second + 1))};
  return true;
}

Progress::Progress(std::string what)
    : what_(std::move(what)),
      next_(std::chrono::steady_clock::now() + kQuietFirst),
      line_(wants_lines()                ? Line::kLines
            : isatty(STDERR_FILENO) != 0 ? Line::kNone
                                         : Line::kNever) {}

void Progress::show(std::uint64_t done, std::uint64_t total) {
  if (line_ == Line::kNever) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kBetweenDraws;
  if (line_ == Line::kLines) {
    std::fprintf(stderr, "%.*s%s %s %s\n", static_cast<int>(kReport.size()), kReport.data(),
                 std::to_string(done).c_str(), std::to_string(total).c_str(), what_.c_str());
    std::fflush(stderr);
    return;
  }
  line_ = Line::kDrawn;
  std::fprintf(stderr, "%s%s", kClearLine, progress_line(done, total, what_).c_str());
  std::fflush(stderr);
}

Progress::~Progress() {
  if (line_ != Line::kDrawn) return;
  std::fputs(kClearLine, stderr);
  std::fflush(stderr);
}

}  // namespace phantom
