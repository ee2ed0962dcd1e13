#pragma once
// Connections to upstreams: resolved once, address checked, TLS verified, kept for reuse.
// Everything here runs on the proxy's one thread.

#include "events/draft.h"
#include "events/result.h"
#include "proxy/net.h"
#include "proxy/services.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

// One connection. close() may be called at any time; what is under way then ends with an error.
class Upstream {
 public:
  virtual ~Upstream() = default;

  virtual net::Task<std::size_t> read_some(net::asio::mutable_buffer into,
                                           net::ErrorCode& error) = 0;
  virtual net::Task<void> write(net::asio::const_buffer from, net::ErrorCode& error) = 0;
  virtual void close() = 0;
  // Open, and nothing waits to be read: fit for another request.
  virtual bool is_quiet() = 0;

  virtual const std::string& tls_version() const = 0;  // empty without TLS
  virtual const Bytes& peer_certificate_digest() const = 0;
};

// One attempt to connect, so that whoever waits for it can end it.
class Dial {
 public:
  virtual ~Dial() = default;
  // Null on failure, with why() set. Call once.
  virtual net::Task<std::shared_ptr<Upstream>> run() = 0;
  virtual Reason why() const = 0;
  virtual void cancel() = 0;
};

class UpstreamPool {
 public:
  // Loads the roots, and the CA file of every route that has one. kInvalid when one does not load.
  static Result<std::unique_ptr<UpstreamPool>> make(net::asio::io_context& io,
                                                    const std::vector<Route>& routes,
                                                    const std::filesystem::path& project_root);
  virtual ~UpstreamPool() = default;

  // A connection that is already there, or null.
  virtual std::shared_ptr<Upstream> reuse(const Route& route) = 0;
  virtual std::shared_ptr<Dial> dial(const Route& route, std::chrono::milliseconds wait_max) = 0;
  // Takes back a connection whose exchange ended cleanly.
  virtual void keep(const Route& route, std::shared_ptr<Upstream> upstream) = 0;
  // Closes connections that have waited since before `limit`; says how many are left.
  virtual std::size_t sweep(net::SteadyClock::time_point limit) = 0;
};

}  // namespace phantom
