#include "proxy/upstream.h"

#include "events/diag.h"
#include "events/sha256.h"
#include "proxy/address_policy.h"
#include "proxy/tls_context.h"

#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/socket.h>

namespace phantom {
namespace {

namespace asio = net::asio;
using TlsContext = asio::ssl::context;
using TlsStream = asio::ssl::stream<net::Socket>;
using Resolver = asio::ip::basic_resolver<net::Tcp, net::Executor>;

constexpr std::size_t kAddressesMax = 4;
constexpr std::size_t kIdlePerRouteMax = 32;

void prepare_socket(net::Socket& socket) {
  net::ErrorCode ignored;
  socket.set_option(net::Tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

// True when the peer has neither closed nor said anything.
bool socket_is_quiet(net::Socket& socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && errno == EAGAIN;
}

// A close_notify often comes in one read with the answer and waits in memory, not in the socket.
bool tls_is_quiet(SSL* ssl) {
  return SSL_get_shutdown(ssl) == 0 && SSL_has_pending(ssl) == 0 &&
         BIO_ctrl_pending(SSL_get_rbio(ssl)) == 0;
}

Bytes certificate_digest(SSL* ssl) {
  X509* certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return {};
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  X509_free(certificate);
  if (size <= 0) return {};
  const Digest digest = sha256(ByteView(der, static_cast<std::size_t>(size)));
  OPENSSL_free(der);
  return Bytes(digest.begin(), digest.end());
}

class UpstreamConnection final : public Upstream {
 public:
  explicit UpstreamConnection(asio::io_context& io) : plain_(io) {}

  net::Socket& socket() { return tls_ ? tls_->next_layer() : plain_; }

  bool begin_tls(TlsContext& context, const Route& route) {
    tls_.emplace(std::move(plain_), context);
    return expect_tls_host(tls_->native_handle(), route.host);
  }

  net::Task<bool> handshake() {
    net::ErrorCode error;
    co_await tls_->async_handshake(TlsStream::client, net::await(error));
    if (error) {
      diag::info("TLS with the upstream failed: " + error.message());
      co_return false;
    }
    tls_version_ = SSL_get_version(tls_->native_handle());
    peer_certificate_digest_ = certificate_digest(tls_->native_handle());
    co_return true;
  }

  net::Task<std::size_t> read_some(asio::mutable_buffer into, net::ErrorCode& error) override {
    if (tls_) co_return co_await tls_->async_read_some(into, net::await(error));
    co_return co_await plain_.async_read_some(into, net::await(error));
  }

  net::Task<void> write(asio::const_buffer from, net::ErrorCode& error) override {
    if (tls_) {
      co_await asio::async_write(*tls_, from, net::await(error));
    } else {
      co_await asio::async_write(plain_, from, net::await(error));
    }
  }

  void close() override {
    net::ErrorCode ignored;
    socket().close(ignored);
  }

  bool is_quiet() override {
    if (!socket().is_open()) return false;
    if (tls_ && !tls_is_quiet(tls_->native_handle())) return false;
    return socket_is_quiet(socket());
  }

  const std::string& tls_version() const override { return tls_version_; }
  const Bytes& peer_certificate_digest() const override { return peer_certificate_digest_; }

 private:
  net::Socket plain_;
  std::optional<TlsStream> tls_;
  std::string tls_version_;
  Bytes peer_certificate_digest_;
};

AddressClass classify(const asio::ip::address& address) {
  if (address.is_v4()) return phantom::classify(address.to_v4().to_bytes());
  return phantom::classify(address.to_v6().to_bytes());
}

class RouteDial final : public Dial, public std::enable_shared_from_this<RouteDial> {
 public:
  RouteDial(asio::io_context& io, const Route& route, TlsContext* tls,
            std::chrono::milliseconds wait_max)
      : io_(io), route_(route), tls_(tls), wait_max_(wait_max), resolver_(io), timer_(io) {}

  net::Task<std::shared_ptr<Upstream>> run() override {
    const auto self = shared_from_this();
    std::vector<net::Tcp::endpoint> endpoints;
    if (!co_await resolve(endpoints)) co_return nullptr;
    for (std::size_t i = 0; i < endpoints.size() && !cancelled_; ++i) {
      if (!co_await connect(endpoints[i], endpoints.size() - i)) continue;
      if (tls_ == nullptr) co_return connection_;
      if (!connection_->begin_tls(*tls_, route_) || !co_await handshake()) {
        if (why_ != Reason::UpstreamTimeout) why_ = Reason::UpstreamTls;
        connection_->close();
        co_return nullptr;
      }
      co_return connection_;
    }
    co_return nullptr;
  }

  Reason why() const override { return why_; }

  void cancel() override {
    cancelled_ = true;
    resolver_.cancel();
    timer_.cancel();
    if (connection_) connection_->close();
  }

 private:
  net::Task<bool> resolve(std::vector<net::Tcp::endpoint>& endpoints) {
    net::ErrorCode error;
    const asio::ip::address literal = asio::ip::make_address(route_.host, error);
    if (!error) {
      endpoints.emplace_back(literal, route_.port);
    } else {
      const auto found = co_await resolver_.async_resolve(
          route_.host, std::to_string(route_.port), Resolver::numeric_service, net::await(error));
      if (error) {
        why_ = Reason::UpstreamUnreachable;
        co_return false;
      }
      for (const auto& entry : found) endpoints.push_back(entry.endpoint());
    }
    // One bad address spoils the name: who can add one to the answer can also order them.
    for (const auto& endpoint : endpoints) {
      if (may_connect(route_, classify(endpoint.address()))) continue;
      why_ = Reason::AddressBlocked;
      co_return false;
    }
    if (endpoints.size() > kAddressesMax) endpoints.resize(kAddressesMax);
    co_return !endpoints.empty();
  }

  net::Task<bool> connect(const net::Tcp::endpoint& endpoint, std::size_t left) {
    connection_ = std::make_shared<UpstreamConnection>(io_);
    net::ErrorCode error;
    start_timer(wait_max_ / static_cast<int>(left));
    co_await connection_->socket().async_connect(endpoint, net::await(error));
    stop_timer();
    if (error) {
      why_ = timed_out_ ? Reason::UpstreamTimeout : Reason::UpstreamUnreachable;
      co_return false;
    }
    prepare_socket(connection_->socket());
    co_return true;
  }

  net::Task<bool> handshake() {
    start_timer(wait_max_);
    const bool good = co_await connection_->handshake();
    stop_timer();
    if (timed_out_) why_ = Reason::UpstreamTimeout;
    co_return good && !cancelled_;
  }

  void start_timer(std::chrono::milliseconds wait) {
    timed_out_ = false;
    timer_.expires_after(wait);
    timer_.async_wait([self = shared_from_this(), round = ++round_](net::ErrorCode error) {
      if (error || round != self->round_ || !self->connection_) return;
      self->timed_out_ = true;
      self->connection_->close();
    });
  }

  // A timer that has fired but not run yet belongs to an old round.
  void stop_timer() {
    ++round_;
    timer_.cancel();
  }

  asio::io_context& io_;
  const Route& route_;
  TlsContext* tls_;
  std::chrono::milliseconds wait_max_;
  Resolver resolver_;
  net::Timer timer_;
  std::shared_ptr<UpstreamConnection> connection_;
  unsigned round_ = 0;
  bool cancelled_ = false;
  bool timed_out_ = false;
  Reason why_ = Reason::UpstreamUnreachable;
};

class RoutePool final : public UpstreamPool {
 public:
  explicit RoutePool(asio::io_context& io) : io_(io) {}

  Status load(const std::vector<Route>& routes, const std::filesystem::path& project_root) {
    for (const Route& route : routes) {
      if (route.scheme != Scheme::kHttps || route.consent == Consent::kNeeded) continue;
      std::filesystem::path ca_file;
      if (!route.ca_file.empty()) ca_file = project_root / route.ca_file;
      std::unique_ptr<TlsContext>& context = contexts_[route.ca_file];
      if (context) continue;
      PH_ASSIGN(context, make_tls_context(ca_file));
    }
    return {};
  }

  std::shared_ptr<Upstream> reuse(const Route& route) override {
    auto& idle = idle_[route.service];
    while (!idle.empty()) {
      std::shared_ptr<Upstream> upstream = std::move(idle.back().upstream);
      idle.pop_back();
      if (upstream->is_quiet()) return upstream;
      upstream->close();
    }
    return nullptr;
  }

  std::shared_ptr<Dial> dial(const Route& route, std::chrono::milliseconds wait_max) override {
    TlsContext* tls = nullptr;
    if (route.scheme == Scheme::kHttps) tls = contexts_.at(route.ca_file).get();
    return std::make_shared<RouteDial>(io_, route, tls, wait_max);
  }

  void keep(const Route& route, std::shared_ptr<Upstream> upstream) override {
    auto& idle = idle_[route.service];
    if (idle.size() >= kIdlePerRouteMax || !upstream->is_quiet()) {
      upstream->close();
      return;
    }
    idle.push_back({std::move(upstream), net::SteadyClock::now()});
  }

  std::size_t sweep(net::SteadyClock::time_point limit) override {
    std::size_t left = 0;
    for (auto& [service, idle] : idle_) {
      std::erase_if(idle, [limit](const Idle& waiting) {
        if (waiting.since > limit) return false;
        waiting.upstream->close();
        return true;
      });
      left += idle.size();
    }
    return left;
  }

 private:
  struct Idle {
    std::shared_ptr<Upstream> upstream;
    net::SteadyClock::time_point since;
  };

  asio::io_context& io_;
  std::map<std::string, std::unique_ptr<TlsContext>> contexts_;  // by ca_file
  std::map<std::string, std::vector<Idle>> idle_;                // by service
};

}  // namespace

Result<std::unique_ptr<UpstreamPool>> UpstreamPool::make(
    asio::io_context& io, const std::vector<Route>& routes,
    const std::filesystem::path& project_root) {
  auto pool = std::make_unique<RoutePool>(io);
  PH_TRY(pool->load(routes, project_root));
  return std::unique_ptr<UpstreamPool>(std::move(pool));
}

}  // namespace phantom
