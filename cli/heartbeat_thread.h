#pragma once
// A recorder's heartbeats beside work that blocks: a thread that never blocks it, and whose
// heartbeats may go missing.

#include "ledger/appender.h"
#include "ledger/heartbeat.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace phantom {

// "60", "60s", "500ms", "5m"; 0 switches heartbeats off. From 100 ms to a day. kInvalid otherwise.
Result<std::chrono::nanoseconds> parse_heartbeat(const std::string& text);
inline constexpr const char* kHeartbeatDefault = "60s";

class HeartbeatThread {
 public:
  // `appender` must outlive this.
  HeartbeatThread(Heartbeat::Options options, Appender& appender);
  // Says that the recorder stopped, if it said that it started.
  void stop();
  ~HeartbeatThread() { stop(); }
  HeartbeatThread(const HeartbeatThread&) = delete;
  HeartbeatThread& operator=(const HeartbeatThread&) = delete;

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  Heartbeat heartbeat_;    // guarded by mutex_
  std::thread thread_;
};

}  // namespace phantom
