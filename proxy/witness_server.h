#pragma once
// A witness behind HTTP/1.1, read strictly: C2SP tlog-witness v1.0.0.
//
//   POST <prefix>/add-checkpoint             cosigns
//   GET  <prefix>/<origin digest>/checkpoint  the newest cosigned checkpoint of a log
//
// Plain HTTP: on any but a loopback address a TLS server belongs in front.

#include "events/result.h"
#include "ledger/witness_directory.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace phantom {

struct WitnessServerLimits {
  std::chrono::milliseconds request_max{10'000};  // from the first byte of a request to its last
  std::chrono::milliseconds idle_max{60'000};     // between requests of one connection
  std::chrono::milliseconds answer_max{10'000};   // for a client to take an answer
  // When all are taken, a newcomer gets the place of the one that has been waited for longest.
  std::size_t connections_max = 256;
  // Requests of one client address (IPv6: of its /64), on average and at once. 0: no limit.
  double requests_per_second = 100;
  double requests_burst = 200;
};

struct ListenAddress {
  std::string host = "127.0.0.1";  // an IP address
  std::uint16_t port = 0;          // 0: a free one
  bool is_loopback = true;

  std::string text() const;  // ADDR:PORT, [ADDR]:PORT
};
// Pure. kInvalid: not an IP address and a port.
Result<ListenAddress> parse_listen_address(std::string_view text);

struct WitnessServerOptions {
  ListenAddress listen;
  std::string prefix;  // of the URL's path: empty, or from a slash on and without one at its end
  WitnessServerLimits limits;
};

class WitnessServer {
 public:
  // One thread of its own does all the work. `witness` outlives it. kIo: cannot listen there.
  static Result<std::unique_ptr<WitnessServer>> start(ServingWitness& witness,
                                                      WitnessServerOptions options);
  virtual ~WitnessServer() = default;  // stops without grace

  virtual const ListenAddress& address() const = 0;  // with the port it has
  // Refuses new connections and lets requests that have begun end for `grace`. Safe to call twice.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace phantom
