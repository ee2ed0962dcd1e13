#include "cli/progress.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace phantom {
namespace {

constexpr std::uint64_t kBarColumns = 24;
constexpr std::chrono::milliseconds kQuietFirst{1'000};
constexpr std::chrono::milliseconds kBetweenDraws{100};
constexpr char kClearLine[] = "\r\x1b[K";

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

Progress::Progress(std::string what)
    : what_(std::move(what)),
      next_(std::chrono::steady_clock::now() + kQuietFirst),
      line_(isatty(STDERR_FILENO) != 0 ? Line::kNone : Line::kNever) {}

void Progress::show(std::uint64_t done, std::uint64_t total) {
  if (line_ == Line::kNever) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kBetweenDraws;
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
