#include "proxy/proxy.h"

#include "events/diag.h"
#include "proxy/connection.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <sodium.h>

#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <pthread.h>
#include <set>
#include <signal.h>
#include <thread>

namespace phantom {
namespace {

namespace asio = net::asio;

class RunningProxy final : public Proxy {
 public:
  RunningProxy(Options options, SessionToken token)
      : state_(std::move(options), std::move(token)),
        work_(asio::make_work_guard(state_.io)),
        acceptor_(state_.io),
        tick_(state_.io),
        pause_(state_.io) {}

  ~RunningProxy() override { stop(std::chrono::milliseconds(0)); }

  Status open() {
    net::ErrorCode error;
    acceptor_.open(net::Tcp::v4(), error);
    if (!error) ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
    if (!error) acceptor_.bind({asio::ip::address_v4::loopback(), 0}, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Error{Code::kIo, "the proxy cannot listen on 127.0.0.1: " + error.message()};
    }
    port_ = acceptor_.local_endpoint(error).port();
    if (error) return Error{Code::kIo, "the proxy has no port: " + error.message()};
    PH_ASSIGN(state_.pool,
              UpstreamPool::make(state_.io, state_.options.routes, state_.options.project_root));
    state_.options.random->fill(state_.path_key);
    state_.policy = {&state_.options.routes, &state_.token, state_.options.channels, port_};
    asio::co_spawn(state_.io, accept(), asio::detached);
    start_thread();
    return {};
  }

  std::uint16_t port() const override { return port_; }
  const std::string& token() const override { return state_.token.text(); }

  std::vector<EnvironmentVariable> environment() const override {
    std::set<std::string> names;
    for (const auto& [name, secret] : state_.options.secrets) names.insert(name);
    return child_environment(state_.options.routes, names, port_, token(), state_.options.channels);
  }

  std::vector<std::string> services() const override {
    std::vector<std::string> names;
    for (const Route& route : state_.options.routes) {
      if (route.consent == Consent::kNeeded) continue;
      if (state_.options.secrets.contains(route.secret_name)) names.push_back(route.service);
    }
    return names;
  }

  ProxyStats stats() const override { return {state_.forwarded, state_.denied, state_.active}; }

  void stop(std::chrono::milliseconds grace) override {
    const std::lock_guard lock(stop_mutex_);
    if (!thread_.joinable()) return;
    set_service_state(ServiceState::kDraining);
    {
      std::unique_lock waiting(drained_mutex_);
      drained_.wait_for(waiting, grace, [this] { return is_drained_; });
    }
    set_service_state(ServiceState::kCutting);
    thread_.join();
  }

 private:
  void start_thread() {
    // Signals are for the thread that waits for the child.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "phantom-proxy");
      state_.io.run();
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void set_service_state(ServiceState to) {
    asio::post(state_.io, [this, to] {
      state_.service_state = to;
      net::ErrorCode ignored;
      acceptor_.close(ignored);
      pause_.cancel();
      for (Connection* connection : state_.connections) connection->service_state_changed();
      look_whether_drained();
    });
  }

  // With the last connection goes the last work, and run() returns.
  void look_whether_drained() {
    if (state_.service_state == ServiceState::kOpen || !state_.connections.empty()) return;
    state_.pool->sweep(net::SteadyClock::time_point::max());
    tick_.cancel();
    work_.reset();
    const std::lock_guard lock(drained_mutex_);
    is_drained_ = true;
    drained_.notify_all();
  }

  net::Task<void> accept() {
    while (acceptor_.is_open()) {
      net::ErrorCode error;
      net::Socket socket = co_await acceptor_.async_accept(net::await(error));
      if (!acceptor_.is_open()) co_return;
      if (error) {
        diag::warn("the proxy cannot accept a connection: " + error.message());
        pause_.expires_after(std::chrono::milliseconds(100));
        co_await pause_.async_wait(net::await(error));
        continue;
      }
      if (state_.connections.size() >= state_.options.limits.connections_max) continue;
      ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
      socket.set_option(net::Tcp::no_delay(true), error);
      auto connection = std::make_shared<Connection>(state_, std::move(socket));
      asio::co_spawn(state_.io, Connection::run(std::move(connection)),
                     [this](const std::exception_ptr&) {
                       asio::post(state_.io, [this] { look_whether_drained(); });
                     });
      start_ticking();
    }
  }

  // Ticks only while a connection is open: an idle proxy does not wake up.
  void start_ticking() {
    if (is_ticking_) return;
    is_ticking_ = true;
    tick_.expires_after(state_.options.limits.tick);
    tick_.async_wait([this](net::ErrorCode error) {
      is_ticking_ = false;
      if (error) return;
      const auto now = net::SteadyClock::now();
      for (Connection* connection : state_.connections) connection->look_after(now);
      const std::size_t idle = state_.pool->sweep(now - state_.options.limits.pool_idle_max);
      if (!state_.connections.empty() || idle > 0) start_ticking();
    });
  }

  ProxyState state_;
  asio::executor_work_guard<net::Executor> work_;
  net::Acceptor acceptor_;
  net::Timer tick_;
  net::Timer pause_;
  bool is_ticking_ = false;
  std::uint16_t port_ = 0;
  std::thread thread_;
  std::mutex stop_mutex_;
  std::mutex drained_mutex_;
  std::condition_variable drained_;
  bool is_drained_ = false;
};

}  // namespace

Result<std::unique_ptr<Proxy>> Proxy::start(Options options) {
  PH_CHECK(options.appender != nullptr, "a proxy needs an appender");
  if (sodium_init() < 0) return Error{Code::kInternal, "libsodium does not start"};
  SessionToken token = SessionToken::random(*options.random);
  auto proxy = std::make_unique<RunningProxy>(std::move(options), std::move(token));
  PH_TRY(proxy->open());
  return std::unique_ptr<Proxy>(std::move(proxy));
}

}  // namespace phantom
