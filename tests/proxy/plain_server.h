#pragma once
// A small HTTP server for tests of clients: one thread per connection, a script that says what is
// answered.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace phantom::proxy_test {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

// Answers each request with raw bytes; closes after an answer when told to.
class PlainServer {
 public:
  enum class After { kKeep, kClose };
  struct Answer {
    std::string bytes;
    After after = After::kKeep;
  };
  // Called with the head of a request and, after it, a body of a stated length.
  using Script = std::function<Answer(const std::string& request)>;

  explicit PlainServer(Script script)
      : script_(std::move(script)),
        acceptor_(io_, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        thread_([this] { serve(); }) {}
  ~PlainServer() {
    stopping_ = true;
    boost::system::error_code ignored;
    asio::io_context io;
    Tcp::socket knock(io);
    knock.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
    {
      const std::lock_guard lock(mutex_);
      for (Tcp::socket& socket : sockets_) ::shutdown(socket.native_handle(), SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }

  std::string url(std::string_view path = "/log") const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) +
           std::string(path);
  }
  unsigned connections() const { return connections_; }

 private:
  void serve() {
    for (;;) {
      boost::system::error_code error;
      Tcp::socket accepted = acceptor_.accept(error);
      if (error || stopping_) return;
      ++connections_;
      const std::lock_guard lock(mutex_);
      Tcp::socket& socket = sockets_.emplace_back(std::move(accepted));
      threads_.emplace_back([this, &socket] { talk(socket); });
    }
  }
  static std::size_t body_bytes(const std::string& head) {
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const std::size_t at = head.find(kLength);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + kLength.size()));
  }
  void talk(Tcp::socket& socket) {
    std::string buffer;
    boost::system::error_code error;
    for (;;) {
      const std::size_t end =
          asio::read_until(socket, asio::dynamic_buffer(buffer), "\r\n\r\n", error);
      if (error) return;
      const std::size_t size = end + body_bytes(buffer.substr(0, end));
      if (buffer.size() < size) {
        asio::read(socket, asio::dynamic_buffer(buffer),
                   asio::transfer_exactly(size - buffer.size()), error);
        if (error) return;
      }
      const Answer answer = script_(buffer.substr(0, size));
      buffer.erase(0, size);
      asio::write(socket, asio::buffer(answer.bytes), error);
      if (error) return;
      if (answer.after == After::kClose) {
        socket.shutdown(Tcp::socket::shutdown_both, error);
        return;
      }
    }
  }

  asio::io_context io_;
  Script script_;
  Tcp::acceptor acceptor_;
  std::atomic<bool> stopping_{false};
  std::atomic<unsigned> connections_{0};
  std::mutex mutex_;
  std::list<Tcp::socket> sockets_;
  std::vector<std::thread> threads_;
  std::thread thread_;
};

inline std::string ok_answer(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

}  // namespace phantom::proxy_test
