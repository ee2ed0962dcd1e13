#pragma once
// Carries out a plan on one place: before each item sync.item.requested is durable, after it
// sync.item.completed. A run that is killed between the two leaves the first alone; the next run
// looks at what the platform has and goes on from there.

#include "ledger/appender.h"
#include "proxy/platform_client.h"
#include "proxy/sync_events.h"
#include "proxy/sync_plan.h"

#include <functional>
#include <string>
#include <vector>

namespace phantom {

struct SyncOutcome {
  enum class State { kDone, kUnchanged, kBlocked, kFailed, kNotTried };
  PlannedItem item;
  State state = State::kNotTried;
  SyncEnding ending = {};

  std::string result_name() const;  // kebab-case: done, unchanged, a block or a platform's result
  bool failed() const { return state != State::kDone && state != State::kUnchanged; }
  bool temporary() const {
    return state == State::kNotTried || (state == State::kFailed && is_temporary(ending.result));
  }
};

struct SyncRun {
  const PlatformTools& tools;
  const Platform& platform;
  const SyncTarget& target;
  Appender& appender;
  const Context& context;
  std::function<void()> step;  // after each item
};

struct SyncReport {
  std::vector<SyncOutcome> outcomes;
  SyncEnding asked;     // how the last question before the items went: the list, or the public key
  std::string trouble;  // why there was no answer to it
};

// An error is the ledger's: then nothing more is sent. After a refusal of the token, a platform
// that is gone, or one that limits longer than there is patience for, the rest is not tried.
Result<SyncReport> run_plan(const SyncRun& run, std::vector<PlannedItem> plan);

// The outcomes when nothing was sent: blocked and unchanged as they are, the rest not tried.
std::vector<SyncOutcome> not_tried(std::vector<PlannedItem> plan);

}  // namespace phantom
