#pragma once
// A proxy in front of a TLS upstream, with an appender that records what it is given.

#include "events/catalog.h"
#include "proxy/proxy.h"
#include "schema/events_generated.h"
#include "tests/proxy/recording_appender.h"
#include "tests/proxy/tls_upstream.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sys/socket.h>
#include <unistd.h>

namespace phantom::proxy_test {

using namespace std::chrono_literals;

inline constexpr std::string_view kDemoValue = "example-not-a-real-key-000";
inline constexpr EventNo kRequested = 2001;
inline constexpr EventNo kCompleted = 2002;
inline constexpr EventNo kDenied = 2003;

// A client that says exactly what it is told to. Reads give up after ten seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    const timeval wait{10, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  }
  void send(std::string_view bytes) {
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(bytes), ignored);
  }
  // Up to and including `mark`, or what came before the end.
  std::string read_until(std::string_view mark) {
    for (;;) {
      const std::size_t at = buffer_.find(mark);
      if (at != std::string::npos) {
        std::string out = buffer_.substr(0, at + mark.size());
        buffer_.erase(0, out.size());
        return out;
      }
      if (!more()) return std::exchange(buffer_, {});
    }
  }
  std::string read_all() {
    while (more()) {
    }
    return std::exchange(buffer_, {});
  }
  void close() { socket_.close(); }

 private:
  bool more() {
    char bytes[16'384];
    const ssize_t got = ::recv(socket_.native_handle(), bytes, sizeof(bytes), 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  asio::io_context io_;
  Tcp::socket socket_;
  std::string buffer_;
};

class ProxyTest : public testing::Test {
 protected:
  void TearDown() override {
    proxy_.reset();
    upstream_.reset();
    std::filesystem::remove_all(root_);
  }

  void start(TlsUpstream::Script script, TokenChannels channels = {},
             const char* alt_name = "IP:127.0.0.1") {
    upstream_ = std::make_unique<TlsUpstream>(alt_name, std::move(script));
    root_ = std::filesystem::path(testing::TempDir()) /
            ("phantom-proxy-" + std::to_string(::getpid()) + "-" +
             testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(root_);
    std::ofstream(root_ / "ca.pem") << upstream_->ca_pem();
    Route route;
    route.service = "demo";
    route.host = "127.0.0.1";
    route.port = upstream_->port();
    route.secret_name = "DEMO_KEY";
    route.header = "Authorization";
    route.header_format = "Bearer {secret}";
    route.base_url_envs = {"DEMO_BASE_URL"};
    route.ca_file = "ca.pem";
    route.consent = Consent::kAccepted;
    Proxy::Options options;
    options.routes = {route};
    route.service = "unaccepted";
    route.consent = Consent::kNeeded;
    options.routes.push_back(route);
    options.secrets["DEMO_KEY"] = {SecretBytes::copy_of(kDemoValue), 3, expires_ns_};
    options.clock = clock_;
    options.appender = &appender_;
    options.context.project = "0123456789abcdef";
    options.context.session = "s1";
    options.project_root = root_;
    options.channels = channels;
    route.service = "blocked";
    route.host = "localhost";
    route.ca_file.clear();
    route.consent = Consent::kAccepted;
    options.routes.push_back(route);
    options.limits = limits_;
    options.limits.tick = 50ms;
    Result<std::unique_ptr<Proxy>> proxy = Proxy::start(std::move(options));
    ASSERT_TRUE(proxy.ok()) << proxy.error().message;
    proxy_ = std::move(*proxy);
  }

  std::string head(std::string_view request_line, std::string_view fields = "") {
    return std::string(request_line) +
           " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(proxy_->port()) + "\r\n" +
           std::string(fields) + "\r\n";
  }
  std::string by_path(std::string_view rest) {
    return "/demo/_phantom/" + proxy_->token() + std::string(rest);
  }
  // Type, outcome and reason of what was recorded, once `count` drafts are there.
  std::vector<EventNo> types(std::size_t count) {
    std::vector<EventNo> out;
    for (const Draft& draft : appender_.wait_for(count)) out.push_back(draft.type);
    return out;
  }
  template <class T>
  const T* payload(const Draft& draft) {
    EXPECT_TRUE(check_payload(draft.type, draft.payload).ok());
    return flatbuffers::GetRoot<T>(draft.payload.data());
  }

  ProxyLimits limits_;
  std::int64_t expires_ns_ = 0;  // of DEMO_KEY
  const Clock* clock_ = &system_clock();
  std::filesystem::path root_;
  RecordingAppender appender_;
  std::unique_ptr<TlsUpstream> upstream_;
  std::unique_ptr<Proxy> proxy_;
};

inline constexpr std::string_view kPlainAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

// Answers every request of a connection alike and keeps the last head.
inline TlsUpstream::Script answering(std::string& last_head,
                                     std::string_view answer = kPlainAnswer) {
  return [&last_head, answer](Served& served) {
    for (;;) {
      std::string head = served.read_head();
      if (head.empty()) return;
      last_head = head;
      if (!served.write(answer)) return;
    }
  };
}

}  // namespace phantom::proxy_test
