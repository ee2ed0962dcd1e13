#include "proxy/http_client.h"

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

namespace phantom {
namespace {

namespace asio = net::asio;
using Resolver = asio::ip::basic_resolver<net::Tcp, net::Executor>;
using TlsStream = asio::ssl::stream<net::Socket>;
using TimePoint = net::SteadyClock::time_point;

constexpr std::size_t kConnectionsKept = 32;
constexpr int kInterimAnswersMax = 8;

Error invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }

bool is_own_field(std::string_view name) {
  for (const char* own : {"host", "connection", "accept-encoding", "content-length",
                          "transfer-encoding", "expect", "upgrade", "te", "trailer"}) {
    if (same_header(name, own)) return true;
  }
  return false;
}

bool is_success(int status) { return status >= 200 && status < 300; }

Result<std::string> request_head(const HttpUrl& server, const HttpRequest& request) {
  const std::string& method = request.method;
  const bool has_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (!has_body && method != "GET" && method != "HEAD" && method != "DELETE") {
    return invalid("not a method of this client: " + request.method);
  }
  if (!has_body && !request.body.empty()) return invalid("a " + request.method + " has no body");
  const bool sendable = std::all_of(request.target.begin(), request.target.end(),
                                    [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (!sendable || !request.target.starts_with('/')) {
    return invalid("not the path of a URL: " + escape_terminal(request.target));
  }
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\n";
  append_field(head, "Host", server.authority);
  append_field(head, "User-Agent", "phantom");
  append_field(head, "Accept-Encoding", "identity");
  for (const HttpField& field : request.fields) {
    if (!is_token(field.name) || !is_field_value(field.value) || is_own_field(field.name)) {
      return invalid("not a field for a request: " + escape_terminal(field.name));
    }
    append_field(head, field.name, field.value);
  }
  if (has_body) append_field(head, "Content-Length", std::to_string(request.body.size()));
  head += "\r\n";
  return head;
}

// One connection, used by one thread at a time. Each call runs its own small event loop.
class Connection {
 public:
  Connection(const HttpUrl& server, const HttpClientOptions& options, asio::ssl::context* tls)
      : server_(server), options_(options), tls_context_(tls), plain_(io_), timer_(io_) {}

  Status open() {
    deadline_ = net::SteadyClock::now() + options_.connect_max;
    return run([this](Status& status) { return connect(status); });
  }

  // True when nothing was heard on a connection that had been idle: it was closed meanwhile.
  bool was_stale() const { return requests_ > 1 && !heard_; }
  bool reusable() const { return reusable_; }

  Result<HttpAnswer> exchange(const HttpRequest& request, const std::string& head) {
    ++requests_;
    heard_ = false;
    reusable_ = false;
    deadline_ = net::SteadyClock::now() + options_.exchange_max;
    HttpAnswer answer;
    PH_TRY(run([&](Status& status) { return exchange(request, head, answer, status); }));
    return answer;
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
    return {Code::kBusy, server_.authority + " " + what, "try again when it can be reached"};
  }

  net::Task<void> connect(Status& status) {
    arm(options_.connect_max);
    net::ErrorCode error;
    resolver_.emplace(io_);
    const auto found =
        co_await resolver_->async_resolve(server_.host, server_.port, net::await(error));
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
    if (!expect_tls_host(ssl, server_.host)) {
      status = invalid(server_.host + " is no name a certificate can have");
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
                     "the certificate of " + server_.authority +
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

  // In pieces, so that a slow network is not taken for silence.
  net::Task<void> write(ByteView bytes, net::ErrorCode& error) {
    while (!bytes.empty() && !error) {
      const std::size_t piece = std::min(bytes.size(), kPieceBytes);
      const asio::const_buffer from = asio::buffer(bytes.data(), piece);
      arm(options_.idle_max);
      if (tls_) {
        co_await asio::async_write(*tls_, from, net::await(error));
      } else {
        co_await asio::async_write(plain_, from, net::await(error));
      }
      bytes = bytes.subspan(piece);
    }
  }

  Error cut_off(const net::ErrorCode& error) const {
    return unreachable(timed_out_ ? "stopped answering" : "closed early: " + error.message());
  }

  net::Task<void> exchange(const HttpRequest& request, const std::string& request_head,
                           HttpAnswer& answer, Status& status) {
    net::ErrorCode unsent;
    co_await write(as_bytes(request_head), unsent);
    if (!unsent) co_await write(request.body, unsent);
    if (unsent && (timed_out_ || request.body.empty())) {
      status = cut_off(unsent);
      co_return;
    }
    // A server that refuses a body may answer before it has read all of it.
    std::string input;
    for (int interim = 0;; ++interim) {
      std::size_t head_bytes = 0;
      co_await read_head(input, head_bytes, status);
      if (!status.ok()) co_return;
      const auto head =
          parse_response_head(std::string_view(input).substr(0, head_bytes), request.method);
      if (!head) {
        status = not_http(head.error());
        co_return;
      }
      if (head->status < 200 && head->status != 101 && interim < kInterimAnswersMax) {
        input.erase(0, head_bytes);
        continue;
      }
      if ((status = take_head(*head, request, answer)); !status.ok()) co_return;
      const bool keep = head->persistence == Persistence::kKeepAlive && !unsent;
      BodyDecoder decoder(head->framing);
      input.erase(0, head_bytes);
      co_await read_body(decoder, input, request.answer_bytes_max, answer, status);
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
                            HttpAnswer& answer, Status& status) {
    for (;;) {
      while (!input.empty() && !decoder.done()) {
        const auto step = decoder.step(input);
        if (!step) {
          status = not_http(step.error());
          co_return;
        }
        const std::size_t room = bytes_max - answer.body.size();
        if (step->data.size() > room && is_success(answer.status)) {
          status = too_long(bytes_max);
          co_return;
        }
        const std::string_view data = step->data.substr(0, room);
        answer.body.insert(answer.body.end(), data.begin(), data.end());
        if (step->data.size() > room) co_return;
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
    return invalid(server_.authority + " does not answer in HTTP/1.1: " + error.message);
  }

  static Error too_long(std::size_t bytes_max) {
    return {Code::kLimit, "it is longer than " + std::to_string(bytes_max) + " bytes"};
  }

  Status take_head(const ResponseHead& head, const HttpRequest& request, HttpAnswer& answer) const {
    answer.status = head.status;
    for (const HeaderField& field : head.fields) {
      answer.fields.push_back({std::string(field.name), std::string(field.value)});
    }
    if (!is_success(head.status)) return {};
    const std::string* coding = answer.field("content-encoding");
    if (coding != nullptr && !equals_ignoring_case(*coding, "identity")) {
      return Error{Code::kInvalid, server_.authority + " compresses " + request.target,
                   "have the server send files as they are when the client asks for that"};
    }
    if (head.framing.kind == BodyKind::kLength && head.framing.length > request.answer_bytes_max) {
      return too_long(request.answer_bytes_max);
    }
    return {};
  }

  static constexpr std::size_t kPieceBytes = 64 * 1024;

  const HttpUrl& server_;
  const HttpClientOptions& options_;
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

}  // namespace

struct HttpClient::State {
  HttpUrl server;
  HttpClientOptions options;
  std::unique_ptr<asio::ssl::context> tls;
  std::mutex mutex;
  std::vector<std::unique_ptr<Connection>> idle;  // guarded by mutex

  std::unique_ptr<Connection> take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return nullptr;
    std::unique_ptr<Connection> connection = std::move(idle.back());
    idle.pop_back();
    return connection;
  }

  Result<HttpAnswer> give_back(std::unique_ptr<Connection> connection, Result<HttpAnswer> answer) {
    const std::lock_guard lock(mutex);
    if (connection->reusable() && idle.size() < kConnectionsKept) {
      idle.push_back(std::move(connection));
    }
    return answer;
  }
};

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::open(HttpUrl server, HttpClientOptions options) {
  auto state = std::make_unique<State>();
  if (server.scheme == HttpUrl::Scheme::kHttps) {
    PH_ASSIGN(state->tls, make_tls_context({}));
    if (!options.ca_file.empty()) PH_TRY(add_ca_file(*state->tls, options.ca_file));
  }
  state->server = std::move(server);
  state->options = std::move(options);
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

Result<HttpAnswer> HttpClient::exchange(const HttpRequest& request) const {
  PH_ASSIGN(const std::string head, request_head(state_->server, request));
  const bool repeatable =
      request.method == "GET" || request.method == "HEAD" || request.resend == Resend::kAllowed;
  if (std::unique_ptr<Connection> kept = repeatable ? state_->take() : nullptr) {
    auto answer = kept->exchange(request, head);
    if (answer || !kept->was_stale()) return state_->give_back(std::move(kept), std::move(answer));
  }
  auto fresh = std::make_unique<Connection>(state_->server, state_->options, state_->tls.get());
  PH_TRY(fresh->open());
  auto answer = fresh->exchange(request, head);
  return state_->give_back(std::move(fresh), std::move(answer));
}

const std::string* HttpAnswer::field(std::string_view name) const {
  for (const HttpField& each : fields) {
    if (equals_ignoring_case(each.name, name)) return &each.value;
  }
  return nullptr;
}

bool is_http_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

Result<HttpUrl> parse_http_url(std::string_view text) {
  const auto bad = [](const char* why) {
    return invalid("not a URL that can be used: " + std::string(why));
  };
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return bad("it does not parse");
  HttpUrl url;
  if (parsed->scheme_id() == boost::urls::scheme::https) {
    url.scheme = HttpUrl::Scheme::kHttps;
  } else if (parsed->scheme_id() != boost::urls::scheme::http) {
    return bad("it is neither http nor https");
  }
  if (parsed->has_userinfo()) return bad("it carries a user name");
  if (parsed->has_fragment()) return bad("it has a fragment");
  url.host = parsed->host_address();
  if (url.host.empty()) return bad("it names no host");
  url.port = url.scheme == HttpUrl::Scheme::kHttps ? "443" : "80";
  if (parsed->has_port()) {
    url.port = std::string(parsed->port());
    const auto number = parse_decimal(url.port);
    if (!number || *number == 0 || *number > 65'535) return bad("its port is not a number");
  }
  url.authority = std::string(parsed->encoded_host_and_port());
  url.path = std::string(parsed->encoded_path());
  if (parsed->has_query()) url.query = "?" + std::string(parsed->encoded_query());
  return url;
}

Result<HttpAnswer> http_exchange(const std::string& url, HttpRequest request,
                                 const HttpClientOptions& options) {
  PH_ASSIGN(HttpUrl server, parse_http_url(url));
  request.target = server.target();
  PH_ASSIGN(const auto client, HttpClient::open(std::move(server), options));
  return client->exchange(request);
}

}  // namespace phantom
