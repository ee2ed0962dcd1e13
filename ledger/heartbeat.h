#pragma once
// What a recorder says now and then, so that a silent log can be told from one that nobody kept:
// recorder.started, recorder.heartbeat every interval, recorder.stopped. A heartbeat that is not
// recorded is simply missing; nothing waits for one.
//
// Not safe from several threads.

#include "events/clock.h"
#include "events/draft.h"
#include "events/random.h"

#include <chrono>
#include <functional>
#include <string>

namespace phantom {

class Heartbeat {
 public:
  // When recorder.started is recorded. What has its own event for its start says so with the first
  // heartbeat only: less than an interval of it adds no event.
  enum class Announce { kAtOnce, kWithFirstBeat };

  struct Options {
    std::string recorder;  // service, or session
    Announce announce = Announce::kAtOnce;
    std::chrono::nanoseconds interval{0};  // 0: says nothing ever
    Context context;
    const Clock* clock = &system_clock();
    Random* random = &system_random();
  };
  // Must not block. Drafts come stamped, with id and times.
  using Send = std::function<void(Draft)>;

  Heartbeat(Options options, Send send);

  void start();
  // Says what is due. After a pause of many intervals that is one heartbeat.
  void tick();
  void stop();

  // Until the next tick has something to say; none when it never has.
  std::optional<std::chrono::nanoseconds> until_due() const;

 private:
  void send(Draft draft) const;

  Options options_;
  Send send_;
  bool running_ = false;
  bool announced_ = false;
  std::int64_t due_ns_ = 0;
  std::uint64_t beats_ = 0;
};

// Producers.
Draft recorder_started(const Context& context, const std::string& recorder,
                       std::chrono::nanoseconds interval);
Draft recorder_heartbeat(const Context& context, const std::string& recorder, std::uint64_t beat);
Draft recorder_stopped(const Context& context, const std::string& recorder, std::uint64_t beats);

}  // namespace phantom
