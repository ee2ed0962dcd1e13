#pragma once
// One client connection of a witness: reads a request, has it answered, and starts over. On the
// server's one thread.

#include "proxy/http_head.h"
#include "proxy/net.h"
#include "proxy/token_buckets.h"
#include "proxy/witness_server.h"

#include <array>
#include <memory>
#include <string>
#include <unordered_set>

namespace phantom {

class WitnessSession;

// What all sessions share.
struct WitnessSessions {
  WitnessSessions(ServingWitness& serving, WitnessServerOptions given)
      : witness(serving),
        options(std::move(given)),
        buckets(options.limits.requests_per_second, options.limits.requests_burst, 4'096) {}

  ServingWitness& witness;
  WitnessServerOptions options;
  TokenBuckets buckets;
  std::unordered_set<WitnessSession*> open;
  bool draining = false;
};

class WitnessSession : public std::enable_shared_from_this<WitnessSession> {
 public:
  WitnessSession(WitnessSessions& sessions, net::Socket socket, std::string caller);
  ~WitnessSession();

  // Serves the connection to its end; the coroutine keeps the object alive.
  static net::Task<void> run(std::shared_ptr<WitnessSession> self);

  enum class Phase {
    kIdle,     // nothing of a request is there
    kRequest,  // some of it is
    kAnswer
  };
  Phase phase() const { return phase_; }
  net::SteadyClock::time_point phase_since() const { return phase_since_; }
  void close();

 private:
  struct Answer {
    WitnessAnswer answer;
    std::string fields = {};  // further ones
    bool close = false;
    bool unread = false;  // the client may still be sending
  };

  net::Task<bool> serve_one();
  net::Task<bool> read_more();
  net::Task<bool> read_head(Answer& refusal, std::string& head);
  net::Task<bool> read_body(const RequestHead& head, Answer& refusal, std::string& body);
  net::Task<bool> write(std::string_view bytes);
  net::Task<bool> send(const Answer& answer, bool with_body);
  net::Task<void> linger();
  void enter(Phase phase, std::chrono::milliseconds wait);

  WitnessSessions& sessions_;
  net::Socket socket_;
  net::Timer timer_;
  std::string caller_;
  Phase phase_ = Phase::kIdle;
  net::SteadyClock::time_point phase_since_;
  unsigned round_ = 0;
  std::string pending_;  // bytes that were read too far
  std::array<char, 16 * 1024> chunk_;
};

}  // namespace phantom
