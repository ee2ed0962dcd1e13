#pragma once
// Anchoring beside a writer that lives for a while: what is due goes out from a thread of its own.
// It never delays an append, and failures are events, not errors.

#include "events/draft.h"
#include "events/result.h"
#include "ledger/home.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace phantom {

class AnchorTimer {
 public:
  struct Options {
    Home home;
    Context context;
    // Records one event; blocks until it is durable or refused. Called on the thread.
    std::function<Result<Receipt>(Draft)> append;
    // A variable of the environment, or null.
    std::function<const char*(const char*)> variable;
  };

  // Does nothing, and starts no thread, when the home's anchor policy is missing, does not parse or
  // names no interval.
  explicit AnchorTimer(Options options);
  // One more round for what is due by now, then the end: within kAnchorEndMax, and once more that
  // long when an anchor was being asked just then.
  void stop();
  ~AnchorTimer() { stop(); }
  AnchorTimer(const AnchorTimer&) = delete;
  AnchorTimer& operator=(const AnchorTimer&) = delete;

 private:
  void run();
  void push_due();
  bool is_over() const;

  Options options_;
  std::chrono::nanoseconds wait_{};  // between looks at what is due
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<std::chrono::steady_clock::time_point> end_;  // guarded by mutex_
  std::thread thread_;
};

inline constexpr std::chrono::milliseconds kAnchorEndMax{5'000};

// Pure: how long to wait between two looks, for a policy's interval.
std::chrono::nanoseconds anchor_wait(std::int64_t interval_ns);

}  // namespace phantom
