#include "cli/anchor_timer.h"

#include "cli/anchor_push.h"
#include "ledger/quiet_threads.h"

#include <algorithm>

namespace phantom {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::nanoseconds kWaitMin = std::chrono::seconds(1);
constexpr std::chrono::nanoseconds kWaitMax = std::chrono::seconds(30);

}  // namespace

std::chrono::nanoseconds anchor_wait(std::int64_t interval_ns) {
  return std::clamp(std::chrono::nanoseconds(interval_ns), kWaitMin, kWaitMax);
}

AnchorTimer::AnchorTimer(Options options) : options_(std::move(options)) {
  const auto policy = load_anchor_policy(anchor_files(options_.home).policy());
  if (!policy.ok() || !policy->policy.interval_ns) return;
  wait_ = anchor_wait(*policy->policy.interval_ns);
  const QuietThreads quiet;
  thread_ = std::thread([this] { run(); });
}

bool AnchorTimer::is_over() const {
  const std::lock_guard lock(mutex_);
  return end_ && SteadyClock::now() >= *end_;
}

// The policy is read anew each time; a change of it counts from the next round on.
void AnchorTimer::push_due() {
  Result<AnchorHome> home = AnchorHome::open(options_.home);
  if (!home.ok()) return;
  AnchorRound round;
  round.due_only = true;
  round.time_max = kAnchorEndMax;
  round.variable = options_.variable;
  round.stop = [this] { return is_over(); };
  // What came of it is in the receipts and in the log.
  static_cast<void>(push_anchors(*home, round, options_.context, options_.append));
}

void AnchorTimer::run() {
  std::unique_lock lock(mutex_);
  for (bool last = false; !last;) {
    wake_.wait_for(lock, wait_, [this] { return end_.has_value(); });
    last = end_.has_value();
    lock.unlock();
    push_due();
    lock.lock();
  }
}

void AnchorTimer::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    end_ = SteadyClock::now() + kAnchorEndMax;
  }
  wake_.notify_all();
  thread_.join();
}

}  // namespace phantom
