#include "proxy/witness_server.h"

#include "events/diag.h"
#include "events/encoding.h"
#include "proxy/net.h"
#include "proxy/witness_session.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace phantom {
namespace {

namespace asio = net::asio;

constexpr std::chrono::milliseconds kAcceptPause{100};

// Who is counted as one caller: an IPv6 host has a whole /64 to itself.
std::string caller_of(const asio::ip::address& address) {
  if (!address.is_v6()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes).to_string();
}

class RunningServer final : public WitnessServer {
 public:
  RunningServer(ServingWitness& witness, WitnessServerOptions options)
      : sessions_(witness, std::move(options)),
        work_(asio::make_work_guard(io_)),
        acceptor_(io_),
        pause_(io_),
        address_(sessions_.options.listen) {}

  ~RunningServer() override { stop(std::chrono::milliseconds(0)); }

  Status open() {
    net::ErrorCode error;
    const auto ip = asio::ip::make_address(address_.host, error);
    if (error) return Error{Code::kInvalid, "not an IP address: " + escape_terminal(address_.host)};
    const net::Tcp::endpoint endpoint(ip, address_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) address_.port = acceptor_.local_endpoint(error).port();
    if (error) {
      return Error{Code::kIo, "cannot listen on " + address_.text() + ": " + error.message()};
    }
    asio::co_spawn(io_, accept(), asio::detached);
    start_thread();
    return {};
  }

  const ListenAddress& address() const override { return address_; }

  void stop(std::chrono::milliseconds grace) override {
    const std::lock_guard lock(stop_mutex_);
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { drain(); });
    {
      std::unique_lock waiting(drained_mutex_);
      drained_.wait_for(waiting, grace, [this] { return is_drained_; });
    }
    asio::post(io_, [this] {
      for (WitnessSession* session : sessions_.open) session->close();
    });
    thread_.join();
  }

 private:
  void start_thread() {
    // Signals are for the thread that waits for them.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "phantom-witness");
      io_.run();
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void drain() {
    sessions_.draining = true;
    net::ErrorCode ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (WitnessSession* session : sessions_.open) {
      if (session->phase() == WitnessSession::Phase::kIdle) session->close();
    }
    look_whether_drained();
  }

  // With the last connection goes the last work, and run() returns.
  void look_whether_drained() {
    if (!sessions_.draining || !sessions_.open.empty()) return;
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
        diag::warn("the witness cannot accept a connection: " + error.message());
        give_up_a_place();
        pause_.expires_after(kAcceptPause);
        co_await pause_.async_wait(net::await(error));
        continue;
      }
      if (sessions_.open.size() >= sessions_.options.limits.connections_max) give_up_a_place();
      ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
      socket.set_option(net::Tcp::no_delay(true), error);
      const auto peer = socket.remote_endpoint(error);
      if (error) continue;
      auto session =
          std::make_shared<WitnessSession>(sessions_, std::move(socket), caller_of(peer.address()));
      asio::co_spawn(io_, WitnessSession::run(std::move(session)),
                     [this](const std::exception_ptr&) {
                       asio::post(io_, [this] { look_whether_drained(); });
                     });
    }
  }

  // Of the one that has been waited for longest.
  void give_up_a_place() {
    const auto oldest = std::min_element(sessions_.open.begin(), sessions_.open.end(),
                                         [](const WitnessSession* a, const WitnessSession* b) {
                                           return a->phase_since() < b->phase_since();
                                         });
    if (oldest != sessions_.open.end()) (*oldest)->close();
  }

  asio::io_context io_{1};
  WitnessSessions sessions_;
  asio::executor_work_guard<net::Executor> work_;
  net::Acceptor acceptor_;
  net::Timer pause_;
  ListenAddress address_;
  std::thread thread_;
  std::mutex stop_mutex_;
  std::mutex drained_mutex_;
  std::condition_variable drained_;
  bool is_drained_ = false;  // guarded by drained_mutex_
};

}  // namespace

std::string ListenAddress::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const Error bad{Code::kInvalid, "not an address to listen on: " + escape_terminal(text),
                  "it looks like 127.0.0.1:8311 or [::1]:8311"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad;
  ListenAddress address;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto port = parse_decimal(text.substr(colon + 1));
  net::ErrorCode error;
  const auto ip = asio::ip::make_address(std::string(host), error);
  if (error || !port || *port > 65'535 || ip.is_v6() != bracketed) return bad;
  address.host = ip.to_string();
  address.port = static_cast<std::uint16_t>(*port);
  address.is_loopback = ip.is_loopback();
  return address;
}

Result<std::unique_ptr<WitnessServer>> WitnessServer::start(ServingWitness& witness,
                                                            WitnessServerOptions options) {
  auto server = std::make_unique<RunningServer>(witness, std::move(options));
  PH_TRY(server->open());
  return std::unique_ptr<WitnessServer>(std::move(server));
}

}  // namespace phantom
