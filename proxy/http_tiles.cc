#include "proxy/http_tiles.h"

#include "events/encoding.h"
#include "proxy/body.h"
#include "proxy/http_head.h"
#include "proxy/net.h"
#include "proxy/tls_context.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <mutex>
#include <vector>

namespace phantom {
namespace {

namespace asio = net::asio;
using Resolver = asio::ip::basic_resolver<net::Tcp, net::Executor>;
using TlsStream = asio::ssl::stream<net::Socket>;
using TimePoint = net::SteadyClock::time_point;

constexpr std::size_t kConnectionsKept = 32;
constexpr int kInterimAnswersMax = 8;

struct Target {
  enum class Scheme { kHttp, kHttps } scheme = Scheme::kHttp;
  std::string host;
  std::string port;
  std::string authority;  // as the Host field wants it
  std::string prefix;     // path without the slash at its end
};

Result<Target> parse_target(const std::string& url) {
  const auto bad = [&](const char* why) {
    return Error{Code::kInvalid, "not the URL of a published log: " + std::string(why),
                 "it looks like https://example.com/log and 'checkpoint' is below it"};
  };
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return bad("it does not parse");
  Target target;
  if (parsed->scheme_id() == boost::urls::scheme::https) {
    target.scheme = Target::Scheme::kHttps;
  } else if (parsed->scheme_id() != boost::urls::scheme::http) {
    return bad("it is neither http nor https");
  }
  if (parsed->has_userinfo()) return bad("it carries a user name");
  if (parsed->has_query() || parsed->has_fragment()) return bad("it has a query or a fragment");
  target.host = parsed->host_address();
  if (target.host.empty()) return bad("it names no host");
  target.port = target.scheme == Target::Scheme::kHttps ? "443" : "80";
  if (parsed->has_port()) {
    target.port = std::string(parsed->port());
    const auto number = parse_decimal(target.port);
    if (!number || *number == 0 || *number > 65'535) return bad("its port is not a number");
  }
  target.authority = std::string(parsed->encoded_host_and_port());
  target.prefix = std::string(parsed->encoded_path());
  while (target.prefix.ends_with('/')) target.prefix.pop_back();
  return target;
}

// One connection, used by one thread at a time. Each call runs its own small event loop.
class Connection {
 public:
  Connection(const Target& target, const HttpTilesOptions& options, asio::ssl::context* tls)
      : target_(target), options_(options), tls_context_(tls), plain_(io_), timer_(io_) {}

  Status open() {
    deadline_ = net::SteadyClock::now() + options_.connect_max;
    return run([this](Status& status) { return connect(status); });
  }

  // True when a failed request may be sent again on another connection: this one had been idle and
  // nothing was heard on it.
  bool was_stale() const { return requests_ > 1 && !heard_; }
  bool reusable() const { return reusable_; }

  Result<Bytes> get(const std::string& path, std::size_t bytes_max) {
    ++requests_;
    heard_ = false;
    reusable_ = false;
    deadline_ = net::SteadyClock::now() + options_.file_max;
    Bytes body;
    PH_TRY(run([&](Status& status) { return exchange(path, bytes_max, body, status); }));
    return body;
  }

 private:
  net::Socket& socket() { return tls_ ? tls_->next_layer() : plain_; }

  template <class Work>
  Status run(Work work) {
    Status status;
    timed_out_ = false;
    asio::co_spawn(io_, work(status), [&](std::exception_ptr thrown) {
      if (thrown) status = Error{Code::kInternal, "out of memory"};
      ++round_;
      timer_.cancel();
    });
    io_.restart();
    io_.run();
    return status;
  }

  // Ends what is under way when `wait` or the deadline is over.
  void arm(std::chrono::milliseconds wait) {
    timer_.expires_at(std::min(deadline_, net::SteadyClock::now() + wait));
    timer_.async_wait([this, round = ++round_](net::ErrorCode error) {
      if (error || round != round_) return;
      timed_out_ = true;
      net::ErrorCode ignored;
      if (resolver_) resolver_->cancel();
      socket().close(ignored);
    });
  }

  Error unreachable(const std::string& what) const {
    return {Code::kBusy, target_.authority + " " + what, "try again when it can be reached"};
  }

  net::Task<void> connect(Status& status) {
    arm(options_.connect_max);
    net::ErrorCode error;
    resolver_.emplace(io_);
    const auto found =
        co_await resolver_->async_resolve(target_.host, target_.port, net::await(error));
    if (!error && timed_out_) error = asio::error::timed_out;
    if (!error) co_await asio::async_connect(socket(), found, net::await(error));
    if (error) {
      status =
          unreachable(timed_out_ ? "does not answer" : "cannot be reached: " + error.message());
      co_return;
    }
    net::ErrorCode ignored;
    socket().set_option(net::Tcp::no_delay(true), ignored);
    ::fcntl(socket().native_handle(), F_SETFD, FD_CLOEXEC);
    if (tls_context_ != nullptr) co_await handshake(status);
  }

  net::Task<void> handshake(Status& status) {
    tls_.emplace(std::move(plain_), *tls_context_);
    SSL* ssl = tls_->native_handle();
    if (!expect_tls_host(ssl, target_.host)) {
      status = Error{Code::kInvalid, target_.host + " is no name a certificate can have"};
      co_return;
    }
    net::ErrorCode error;
    co_await tls_->async_handshake(TlsStream::client, net::await(error));
    if (!error) co_return;
    const long verified = SSL_get_verify_result(ssl);
    if (timed_out_ || verified == X509_V_OK) {
      status = unreachable("does not speak TLS: " + error.message());
    } else {
      status = Error{Code::kInvalid,
                     "the certificate of " + target_.authority +
                         " does not verify: " + X509_verify_cert_error_string(verified),
                     "--ca FILE names the certificate of a private authority"};
    }
  }

  net::Task<std::size_t> read_some(net::ErrorCode& error) {
    arm(options_.idle_max);
    const asio::mutable_buffer into = asio::buffer(chunk_);
    const std::size_t got = tls_ ? co_await tls_->async_read_some(into, net::await(error))
                                 : co_await plain_.async_read_some(into, net::await(error));
    heard_ = heard_ || got > 0;
    co_return got;
  }

  Error cut_off(const net::ErrorCode& error) const {
    return unreachable(timed_out_ ? "stopped answering" : "closed early: " + error.message());
  }

  net::Task<void> exchange(const std::string& path, std::size_t bytes_max, Bytes& body,
                           Status& status) {
    const std::string request = "GET " + target_.prefix + "/" + path +
                                " HTTP/1.1\r\nHost: " + target_.authority +
                                "\r\nUser-Agent: phantom\r\nAccept-Encoding: identity\r\n\r\n";
    net::ErrorCode error;
    arm(options_.idle_max);
    if (tls_) {
      co_await asio::async_write(*tls_, asio::buffer(request), net::await(error));
    } else {
      co_await asio::async_write(plain_, asio::buffer(request), net::await(error));
    }
    if (error) {
      status = cut_off(error);
      co_return;
    }
    std::string input;
    for (int interim = 0;; ++interim) {
      std::size_t head_bytes = 0;
      co_await read_head(input, head_bytes, status);
      if (!status.ok()) co_return;
      const auto head = parse_response_head(std::string_view(input).substr(0, head_bytes), "GET");
      if (!head) {
        status = not_http(head.error());
        co_return;
      }
      if (head->status < 200 && head->status != 101 && interim < kInterimAnswersMax) {
        input.erase(0, head_bytes);
        continue;
      }
      if ((status = judge(*head, path, bytes_max)); !status.ok()) co_return;
      const bool keep = head->persistence == Persistence::kKeepAlive;
      BodyDecoder decoder(head->framing);
      input.erase(0, head_bytes);
      co_await read_body(decoder, input, bytes_max, body, status);
      reusable_ = status.ok() && keep && input.empty() && decoder.done();
      co_return;
    }
  }

  net::Task<void> read_head(std::string& input, std::size_t& head_bytes, Status& status) {
    std::size_t scanned = 0;
    for (;;) {
      const auto size = scan_head(input, scanned);
      if (!size) {
        status = not_http(size.error());
        co_return;
      }
      if ((head_bytes = *size) > 0) co_return;
      net::ErrorCode error;
      const std::size_t got = co_await read_some(error);
      if (error) {
        status = cut_off(error);
        co_return;
      }
      input.append(chunk_.data(), got);
    }
  }

  net::Task<void> read_body(BodyDecoder& decoder, std::string& input, std::size_t bytes_max,
                            Bytes& body, Status& status) {
    for (;;) {
      while (!input.empty() && !decoder.done()) {
        const auto step = decoder.step(input);
        if (!step) {
          status = not_http(step.error());
          co_return;
        }
        if (body.size() + step->data.size() > bytes_max) {
          status = too_long(bytes_max);
          co_return;
        }
        body.insert(body.end(), step->data.begin(), step->data.end());
        const std::size_t consumed = step->consumed;
        if (consumed == 0) break;
        input.erase(0, consumed);
      }
      if (decoder.done()) co_return;
      net::ErrorCode error;
      const std::size_t got = co_await read_some(error);
      if (error) {
        const bool closed = error == asio::error::eof;
        if (!closed || !decoder.closed_cleanly()) status = cut_off(error);
        co_return;
      }
      input.append(chunk_.data(), got);
    }
  }

  Error not_http(const Error& error) const {
    return {Code::kInvalid, target_.authority + " does not answer in HTTP/1.1: " + error.message};
  }

  static Error too_long(std::size_t bytes_max) {
    return {Code::kLimit, "it is longer than " + std::to_string(bytes_max) + " bytes"};
  }

  // Whether the answer is the file that was asked for.
  Status judge(const ResponseHead& head, const std::string& path, std::size_t bytes_max) const {
    const std::string answer =
        target_.authority + " answers " + std::to_string(head.status) + " for " + path;
    switch (head.status) {
      case 200:
        break;
      case 404:
      case 410:
        return Error{Code::kNotFound, answer};
      case 401:
      case 403:
        return Error{Code::kDenied, answer};
      default:
        if (head.status >= 300 && head.status < 400) {
          return Error{Code::kInvalid, answer + ": redirects are not followed",
                       "give the URL it leads to"};
        }
        if (head.status >= 500 || head.status == 429 || head.status == 408) {
          return unreachable("answers " + std::to_string(head.status));
        }
        return Error{Code::kInvalid, answer};
    }
    for (const HeaderField& field : head.fields) {
      if (equals_ignoring_case(field.name, "content-encoding") &&
          !equals_ignoring_case(field.value, "identity")) {
        return Error{Code::kInvalid, target_.authority + " compresses " + path,
                     "have the server send files as they are when the client asks for that"};
      }
    }
    if (head.framing.kind == BodyKind::kLength && head.framing.length > bytes_max) {
      return too_long(bytes_max);
    }
    return {};
  }

  const Target& target_;
  const HttpTilesOptions& options_;
  asio::ssl::context* tls_context_;
  asio::io_context io_{1};
  net::Socket plain_;
  std::optional<TlsStream> tls_;
  std::optional<Resolver> resolver_;
  net::Timer timer_;
  TimePoint deadline_;
  std::array<char, 16 * 1024> chunk_;
  unsigned round_ = 0;
  unsigned requests_ = 0;
  bool timed_out_ = false;
  bool heard_ = false;
  bool reusable_ = false;
};

class HttpTiles final : public TileSource {
 public:
  HttpTiles(Target target, HttpTilesOptions options, std::unique_ptr<asio::ssl::context> tls)
      : target_(std::move(target)), options_(std::move(options)), tls_(std::move(tls)) {}

  Result<Bytes> fetch(const std::string& path, std::size_t bytes_max) const override {
    if (std::unique_ptr<Connection> kept = take()) {
      auto bytes = kept->get(path, bytes_max);
      if (bytes || !kept->was_stale()) return give_back(std::move(kept), std::move(bytes));
    }
    auto fresh = std::make_unique<Connection>(target_, options_, tls_.get());
    PH_TRY(fresh->open());
    auto bytes = fresh->get(path, bytes_max);
    return give_back(std::move(fresh), std::move(bytes));
  }

  Status each_file(const std::function<void(const std::string&)>&) const override {
    return Error{Code::kUnsupported, "a web server does not list its files"};
  }

 private:
  std::unique_ptr<Connection> take() const {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }

  Result<Bytes> give_back(std::unique_ptr<Connection> connection, Result<Bytes> bytes) const {
    const std::lock_guard lock(mutex_);
    if (connection->reusable() && idle_.size() < kConnectionsKept) {
      idle_.push_back(std::move(connection));
    }
    return bytes;
  }

  Target target_;
  HttpTilesOptions options_;
  std::unique_ptr<asio::ssl::context> tls_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace

bool is_http_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

Result<std::unique_ptr<TileSource>> open_http_tiles(const std::string& url,
                                                    const HttpTilesOptions& options) {
  PH_ASSIGN(Target target, parse_target(url));
  std::unique_ptr<asio::ssl::context> tls;
  if (target.scheme == Target::Scheme::kHttps) {
    PH_ASSIGN(tls, make_tls_context({}));
    if (!options.ca_file.empty()) PH_TRY(add_ca_file(*tls, options.ca_file));
  }
  return std::unique_ptr<TileSource>(
      std::make_unique<HttpTiles>(std::move(target), options, std::move(tls)));
}

}  // namespace phantom
