#pragma once
// Talks to a platform with patience: sends again what may be sent again, reads lists page by page.
// Sends through a function, so that tests need no network, clock or sleep.

#include "events/clock.h"
#include "proxy/backoff.h"
#include "proxy/platform.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace phantom {

struct PlatformTools {
  // One exchange; adds what says who asks. Errors as HttpClient::exchange.
  std::function<Result<HttpAnswer>(const HttpRequest&)> send;
  std::function<void(std::chrono::milliseconds)> pause;
  BackoffRule backoff = {};
  const Clock* clock = &system_clock();
  Random* random = &system_random();
};

struct PlatformExchange {
  PlatformResult result = PlatformResult::kUnreachable;
  int status = 0;  // of the last answer; 0: there was none
  unsigned attempts = 0;
  HttpAnswer answer = {};
  std::string trouble = {};  // why there was no answer; nothing of it comes from the platform
};

// Sends until it is answered for good or patience ends. Rate limits are waited out; server errors
// and lost connections only for what may be repeated, else kUncertain.
PlatformExchange send_patiently(const PlatformTools& tools, const Platform& platform,
                                const HttpRequest& request);

struct PlatformListing {
  PlatformResult result = PlatformResult::kUnreachable;
  int status = 0;
  unsigned attempts = 0;
  std::vector<RemoteEntry> entries = {};  // none unless kDone: a failed list is never an empty one
  std::string trouble = {};
};
PlatformListing list_everything(const PlatformTools& tools, const Platform& platform,
                                const SyncTarget& target);

struct PlatformKey {
  PlatformResult result = PlatformResult::kUnreachable;
  int status = 0;
  SealingKey key = {};
  std::string trouble = {};
};
// kDone at once for a platform that has none.
PlatformKey fetch_key(const PlatformTools& tools, const Platform& platform,
                      const SyncTarget& target);

}  // namespace phantom
