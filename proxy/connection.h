#pragma once
// One client connection: reads a request, has it decided and recorded, exchanges it with the
// upstream, records the end, and starts over. Everything here runs on the proxy's one thread.

#include "proxy/body.h"
#include "proxy/net.h"
#include "proxy/proxy.h"
#include "proxy/proxy_events.h"
#include "proxy/upstream.h"

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

namespace phantom {

class Connection;

enum class ServiceState {
  kOpen,
  kDraining,  // exchanges under way may finish, nothing new starts
  kCutting    // everything ends now
};

// What all connections of a proxy share.
struct ProxyState {
  ProxyState(Proxy::Options given, SessionToken session_token)
      : options(std::move(given)), token(std::move(session_token)) {}

  net::asio::io_context io{1};
  Proxy::Options options;
  SessionToken token;
  RequestPolicy policy;
  PathKey path_key{};
  std::unique_ptr<UpstreamPool> pool;
  std::unordered_set<Connection*> connections;
  ServiceState service_state = ServiceState::kOpen;
  std::uint64_t last_request_id = 0;
  std::atomic<std::uint64_t> forwarded{0};
  std::atomic<std::uint64_t> denied{0};
  std::atomic<std::uint64_t> active{0};
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ProxyState& state, net::Socket socket);
  ~Connection();

  // Serves the connection to its end; the coroutine keeps the object alive.
  static net::Task<void> run(std::shared_ptr<Connection> self);

  // Called from time to time: enforces deadlines and notices clients that have gone.
  void look_after(net::SteadyClock::time_point now);
  // The proxy's service state has changed.
  void service_state_changed();

 private:
  enum class Phase { kIdle, kHead, kRecording, kExchange, kAnswering };
  enum class Next { kReuse, kClose };

  net::Task<Next> serve_one();
  net::Task<bool> read_head(std::string& head);
  net::Task<Next> refuse(const Refusal& refusal, const std::string& method, Next next);
  net::Task<Next> forward(Forward forward, Next next);
  net::Task<void> transfer(const Forward& forward, std::string_view secret, AnswerFacts& facts,
                           Next& next);
  net::Task<bool> obtain_upstream(const Route& route);
  net::Task<bool> send_request(const Forward& forward, std::string_view secret);
  static net::Task<void> upload(std::shared_ptr<Connection> self);
  net::Task<void> end_upload();
  net::Task<bool> read_answer_head(std::string& raw, std::string& head, const std::string& method,
                                   ResponseHead& answer);
  net::Task<void> pass_answer(const ResponseHead& answer, std::string raw, AnswerFacts& facts,
                              Next& next);
  net::Task<void> answer_error(int status, std::string_view code, std::string_view message,
                               Next next);
  net::Task<bool> write_client(std::string_view bytes);
  net::Task<void> linger();
  net::Task<Result<Receipt>> append(Draft draft);

  void abort(Reason reason);
  void wait_at_most(std::chrono::milliseconds wait);
  bool client_has_gone();
  bool is_cutting() const { return state_.service_state == ServiceState::kCutting; }

  ProxyState& state_;
  net::Socket client_;
  net::Timer upload_ended_;
  Phase phase_ = Phase::kIdle;
  net::SteadyClock::time_point deadline_;
  std::string pending_;  // bytes of the client that were read too far

  // Of the exchange under way.
  std::shared_ptr<Dial> dial_;
  std::shared_ptr<Upstream> upstream_;
  std::optional<Reframer> body_;
  Reason abort_reason_ = Reason::None;
  bool uploading_ = false;
  bool client_is_http10_ = false;
  bool answer_started_ = false;
  bool keep_upstream_ = false;

  std::array<char, 16 * 1024> client_buffer_;
  std::array<char, 32 * 1024> upstream_buffer_;
};

}  // namespace phantom
