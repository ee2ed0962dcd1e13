#include "cli/heartbeat_thread.h"

#include "events/encoding.h"
#include "ledger/quiet_threads.h"

namespace phantom {

Result<std::chrono::nanoseconds> parse_heartbeat(const std::string& text) {
  const Error bad{Code::kInvalid, "\"" + escape_terminal(text) + "\" is no time between heartbeats",
                  "60s, 500ms or 5m; at least 100ms and at most a day; 0 for none"};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_decimal(text.substr(0, digits));
  const std::string unit = text.substr(digits);
  if (!number || *number > 86'400'000) return bad;
  std::uint64_t ms = *number;
  if (unit.empty() || unit == "s") {
    ms *= 1'000;
  } else if (unit == "m") {
    ms *= 60'000;
  } else if (unit != "ms") {
    return bad;
  }
  if (ms != 0 && (ms < 100 || ms > 86'400'000)) return bad;
  return std::chrono::nanoseconds(std::chrono::milliseconds(ms));
}

HeartbeatThread::HeartbeatThread(Heartbeat::Options options, Appender& appender)
    : heartbeat_(std::move(options), [&appender](Draft draft) {
        appender.append_async(std::move(draft), [](const Result<Receipt>&) {});
      }) {
  heartbeat_.start();
  if (!heartbeat_.until_due()) return;
  const QuietThreads quiet;
  thread_ = std::thread([this] { run(); });
}

void HeartbeatThread::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, *heartbeat_.until_due());
    if (!stopping_) heartbeat_.tick();
  }
}

void HeartbeatThread::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  heartbeat_.stop();
}

}  // namespace phantom
