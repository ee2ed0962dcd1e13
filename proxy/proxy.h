#pragma once
// The loopback proxy: takes a request without a secret, records it, puts the secret in at the
// network's edge and passes the answer back as it comes.

#include "events/clock.h"
#include "events/random.h"
#include "ledger/appender.h"
#include "proxy/base_urls.h"
#include "proxy/request_policy.h"
#include "proxy/services.h"
#include "vault/secret.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace phantom {

struct ProxySecret {
  SecretBytes value;
  std::uint64_t version = 0;
  std::int64_t expires_ns = 0;  // from then on it is refused; 0: never
};

struct ProxyLimits {
  std::chrono::milliseconds head_max{30'000};     // for a request head that has begun
  std::chrono::milliseconds idle_max{600'000};    // between requests of one connection
  std::chrono::milliseconds connect_max{10'000};  // name, connection and TLS
  // Silence on an open exchange. Models think for minutes; only a dead peer is silent this long.
  std::chrono::milliseconds silence_max{1'800'000};
  std::chrono::milliseconds pool_idle_max{15'000};  // an upstream connection that waits for reuse
  std::chrono::milliseconds tick{500};              // how often the above are looked at
  std::size_t connections_max = 1'024;
};

struct ProxyStats {
  std::uint64_t forwarded = 0;  // requests that were recorded as requested, and have ended
  std::uint64_t denied = 0;     // requests that were refused
  std::uint64_t active = 0;     // exchanges going on now
};

class Proxy {
 public:
  struct Options {
    std::vector<Route> routes;                   // from resolve_routes
    std::map<std::string, ProxySecret> secrets;  // by name; only those the session may use
    Appender* appender = nullptr;                // outlives the proxy
    Context context;
    std::filesystem::path project_root;  // relative ca_file of routes start here
    TokenChannels channels;
    ProxyLimits limits;
    const Clock* clock = &system_clock();
    Random* random = &system_random();
  };

  // Listens on a free port of 127.0.0.1; one thread of its own does all the work. kInvalid: a CA
  // file that does not load. kIo: no port.
  static Result<std::unique_ptr<Proxy>> start(Options options);

  virtual ~Proxy() = default;  // stops without grace

  virtual std::uint16_t port() const = 0;
  // Session token: 64 hex digits, in memory only. Never print or record it.
  virtual const std::string& token() const = 0;
  // Base URLs and PHANTOM_PROXY_* for the child. Carries the token.
  virtual std::vector<EnvironmentVariable> environment() const = 0;
  // Services that can be reached: route present, accepted, secret at hand.
  virtual std::vector<std::string> services() const = 0;
  virtual ProxyStats stats() const = 0;

  // Refuses new connections, lets open exchanges finish for `grace`, then cuts them. Returns when
  // every request that was recorded has its completed event. Safe to call twice.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace phantom
