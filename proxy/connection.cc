#include "proxy/connection.h"

#include "events/diag.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>
#include <exception>
#include <sys/socket.h>

namespace phantom {
namespace {

namespace asio = net::asio;

constexpr std::chrono::seconds kAnswerMax{10};
constexpr std::chrono::seconds kLingerMax{2};
constexpr std::size_t kLingerBytesMax = 1024 * 1024;

const char* reason_phrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Error";
  }
}

// Promises about a host that are not about this one.
bool is_about_origin(std::string_view name) {
  return equals_ignoring_case(name, "strict-transport-security") ||
         equals_ignoring_case(name, "alt-svc");
}

std::string client_head(const ResponseHead& answer, BodyKind out, bool close) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  head.reserve(1'024);
  head.append(answer.reason).append("\r\n");
  const bool states_length = answer.framing.kind == BodyKind::kNone && answer.status != 204;
  for (const HeaderField& field : answer.fields) {
    if (equals_ignoring_case(field.name, "content-length")) {
      if (states_length) append_field(head, field.name, field.value);
      continue;
    }
    if (is_hop_by_hop(field.name, answer.fields) || is_about_origin(field.name)) continue;
    append_field(head, field.name, field.value);
  }
  append_framing(head, {out, answer.framing.length});
  if (close) append_field(head, "Connection", "close");
  head += "\r\n";
  return head;
}

struct Failure {
  int status;
  const char* code;
  const char* message;
};

Failure failure_of(Reason reason) {
  switch (reason) {
    case Reason::UpstreamTls:
      return {502, "upstream_tls", "the upstream's identity could not be verified"};
    case Reason::UpstreamTimeout:
      return {504, "upstream_timeout", "the upstream did not answer in time"};
    case Reason::UpstreamProtocol:
      return {502, "upstream_protocol", "the upstream's answer is not valid HTTP/1.1"};
    case Reason::UpstreamAborted:
      return {502, "upstream_aborted", "the upstream closed the connection without an answer"};
    case Reason::AddressBlocked:
      return {502, "address_blocked", "the upstream's name leads to an address that is not public"};
    case Reason::ShuttingDown:
      return {503, "shutting_down", "the proxy is shutting down"};
    case Reason::BadRequest:
      return {400, "bad_request", "the request body is not framed as its head says"};
    default:
      return {502, "upstream_unreachable", "the upstream could not be reached"};
  }
}

}  // namespace

Connection::Connection(ProxyState& state, net::Socket socket)
    : state_(state), client_(std::move(socket)), upload_ended_(state.io) {
  state_.connections.insert(this);
}

Connection::~Connection() { state_.connections.erase(this); }

net::Task<void> Connection::run(std::shared_ptr<Connection> self) {
  try {
    while (co_await self->serve_one() == Next::kReuse) {
    }
  } catch (const std::exception& problem) {
    diag::warn(std::string("a connection ended in an exception: ") + problem.what());
  }
  net::ErrorCode ignored;
  self->client_.close(ignored);
}

void Connection::wait_at_most(std::chrono::milliseconds wait) {
  deadline_ = net::SteadyClock::now() + wait;
}

void Connection::look_after(net::SteadyClock::time_point now) {
  if (phase_ == Phase::kRecording) return;  // the appender bounds its own waits
  if (phase_ == Phase::kExchange && !uploading_ && client_has_gone()) {
    abort(Reason::ClientAborted);
    return;
  }
  if (now < deadline_) return;
  if (phase_ == Phase::kExchange) {
    abort(Reason::UpstreamTimeout);
    return;
  }
  net::ErrorCode ignored;
  client_.close(ignored);
}

void Connection::service_state_changed() {
  net::ErrorCode ignored;
  if (phase_ == Phase::kIdle || phase_ == Phase::kHead) {
    client_.close(ignored);
  } else if (is_cutting() && phase_ == Phase::kExchange) {
    abort(Reason::ShuttingDown);
  } else if (is_cutting() && phase_ == Phase::kAnswering) {
    client_.close(ignored);
  }
}

// Ends the exchange: whatever it waits for returns with an error.
void Connection::abort(Reason reason) {
  if (abort_reason_ == Reason::None) abort_reason_ = reason;
  if (dial_) dial_->cancel();
  if (upstream_) upstream_->close();
  net::ErrorCode ignored;
  client_.cancel(ignored);
}

bool Connection::client_has_gone() {
  char byte = 0;
  const ssize_t got = ::recv(client_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

net::Task<Result<Receipt>> Connection::append(Draft draft) {
  using Signature = void(Result<Receipt>);
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<net::Executor>, Signature>(
      [this, &draft](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        state_.options.appender->append_async(
            std::move(draft), [&io = state_.io, shared](Result<Receipt> receipt) {
              asio::post(io, [shared, receipt = std::move(receipt)]() mutable {
                (*shared)(std::move(receipt));
              });
            });
      },
      asio::use_awaitable_t<net::Executor>{});
}

net::Task<bool> Connection::write_client(std::string_view bytes) {
  net::ErrorCode error;
  co_await asio::async_write(client_, asio::buffer(bytes), net::await(error));
  co_return !error;
}

net::Task<bool> Connection::read_head(std::string& head) {
  std::size_t scanned = 0;
  phase_ = Phase::kIdle;
  wait_at_most(state_.options.limits.idle_max);
  for (;;) {
    if (!pending_.empty()) {
      if (phase_ == Phase::kIdle) {
        phase_ = Phase::kHead;
        wait_at_most(state_.options.limits.head_max);
      }
      if (state_.service_state != ServiceState::kOpen) co_return false;
      const Result<std::size_t> size = scan_head(pending_, scanned);
      if (!size) {
        co_await refuse(refusal_of(size.error()), "", Next::kClose);
        co_return false;
      }
      if (*size > 0) {
        head = pending_.substr(0, *size);
        pending_.erase(0, *size);
        co_return true;
      }
    }
    if (state_.service_state != ServiceState::kOpen) co_return false;
    net::ErrorCode error;
    const std::size_t got =
        co_await client_.async_read_some(asio::buffer(client_buffer_), net::await(error));
    if (error) co_return false;
    pending_.append(client_buffer_.data(), got);
  }
}

net::Task<Connection::Next> Connection::serve_one() {
  std::string bytes;
  if (!co_await read_head(bytes)) co_return Next::kClose;
  phase_ = Phase::kRecording;
  const Result<RequestHead> head = parse_request_head(bytes);
  if (!head) co_return co_await refuse(refusal_of(head.error()), "", Next::kClose);
  client_is_http10_ = head->minor_version == 0;
  const bool again = head->persistence == Persistence::kKeepAlive && !client_is_http10_;
  Decision decision = decide(*head, state_.policy);
  if (const auto* refusal = std::get_if<Refusal>(&decision)) {
    const bool clean = again && is_empty_body(head->framing);
    co_return co_await refuse(*refusal, std::string(head->method),
                              clean ? Next::kReuse : Next::kClose);
  }
  co_return co_await forward(std::move(std::get<Forward>(decision)),
                             again ? Next::kReuse : Next::kClose);
}

net::Task<Connection::Next> Connection::refuse(const Refusal& refusal, const std::string& method,
                                               Next next) {
  phase_ = Phase::kRecording;
  RefusalFacts facts;
  facts.request_id = ++state_.last_request_id;
  facts.method = method;
  facts.service = refusal.service;
  facts.http_status = static_cast<std::uint16_t>(refusal.status);
  facts.reason = refusal.reason;
  facts.secret_name = refusal.secret_name;
  ++state_.denied;
  const Result<Receipt> recorded =
      co_await append(proxy_request_denied(state_.options.context, facts));
  if (!recorded) diag::warn("a refusal was not recorded: " + recorded.error().message);
  co_await answer_error(refusal.status, refusal.code, refusal.message, next);
  if (next == Next::kClose) co_await linger();
  co_return next;
}

net::Task<void> Connection::answer_error(int status, std::string_view code,
                                         std::string_view message, Next next) {
  phase_ = Phase::kAnswering;
  wait_at_most(kAnswerMax);
  const std::string body = error_body(code, message);
  std::string answer = "HTTP/1.1 " + std::to_string(status) + " " + reason_phrase(status) + "\r\n";
  append_field(answer, "Content-Type", "application/json");
  append_field(answer, "Cache-Control", "no-store");
  append_field(answer, "Content-Length", std::to_string(body.size()));
  if (next == Next::kClose) append_field(answer, "Connection", "close");
  answer += "\r\n";
  answer += body;
  // When it cannot be sent, the next read or write says so.
  co_await write_client(answer);
}

// A close with unread bytes resets the connection, and the answer would be lost with it.
net::Task<void> Connection::linger() {
  phase_ = Phase::kAnswering;
  net::ErrorCode error;
  client_.shutdown(asio::socket_base::shutdown_send, error);
  wait_at_most(kLingerMax);
  for (std::size_t read = 0; !error && read < kLingerBytesMax;) {
    read += co_await client_.async_read_some(asio::buffer(client_buffer_), net::await(error));
  }
}

net::Task<Connection::Next> Connection::forward(Forward forward, Next next) {
  const Proxy::Options& options = state_.options;
  const Route& route = *forward.route;
  const bool bodyless = is_empty_body(forward.framing);
  const Next after_refusal = bodyless ? next : Next::kClose;
  const auto secret = options.secrets.find(route.secret_name);
  if (secret == options.secrets.end() || secret->second.value.empty() ||
      !is_field_value(secret->second.value.text())) {
    const Refusal refusal{503, Reason::SecretMissing, "secret_missing",
                          "there is no usable value of " + route.secret_name + " in this session",
                          route.service};
    co_return co_await refuse(refusal, forward.method, after_refusal);
  }
  if (secret->second.expires_ns != 0 && options.clock->wall_ns() >= secret->second.expires_ns) {
    const Refusal refusal{403,
                          Reason::SecretExpired,
                          "secret_expired",
                          "the time of " + route.secret_name +
                              " is over; put in a new value with phantom rotate and start anew",
                          route.service,
                          route.secret_name};
    co_return co_await refuse(refusal, forward.method, after_refusal);
  }

  RequestFacts facts;
  facts.request_id = ++state_.last_request_id;
  facts.method = forward.method;
  facts.service = route.service;
  facts.host = route.host;
  facts.port = route.port;
  facts.path_template = path_template(forward.path);
  facts.path_digest = path_digest(state_.path_key, forward.target);
  facts.secret_name = route.secret_name;
  facts.secret_version = secret->second.version;
  facts.placement = route.header;
  facts.body_bytes = forward.framing.kind == BodyKind::kChunked
                         ? -1
                         : static_cast<std::int64_t>(forward.framing.length);
  facts.foreign_placeholders = forward.foreign_placeholders;
  const std::int64_t started = options.clock->mono_ns();
  const Result<Receipt> requested =
      co_await append(proxy_request_requested(options.context, facts));
  if (!requested) {
    diag::warn("a request was not recorded and not sent: " + requested.error().message);
    co_await answer_error(503, "not_recorded",
                          "the request could not be recorded, so it was not sent", after_refusal);
    if (after_refusal == Next::kClose) co_await linger();
    co_return after_refusal;
  }

  ++state_.active;
  AnswerFacts answer;
  answer.request_id = facts.request_id;
  answer.secret_name = route.secret_name;
  phase_ = Phase::kExchange;
  abort_reason_ = is_cutting() ? Reason::ShuttingDown : Reason::None;
  answer_started_ = false;
  keep_upstream_ = false;
  body_.reset();
  try {
    co_await transfer(forward, secret->second.value.text(), answer, next);
  } catch (const std::exception& problem) {
    diag::warn(std::string("an exchange ended in an exception: ") + problem.what());
    abort(Reason::IoError);
    next = Next::kClose;
  }
  if (uploading_) {
    next = Next::kClose;
    co_await end_upload();
  }
  if (body_) answer.bytes_sent = body_->payload_bytes();
  const bool reusable = abort_reason_ == Reason::None && keep_upstream_ && body_->done();
  if (reusable) {
    state_.pool->keep(route, std::move(upstream_));
  } else if (upstream_) {
    upstream_->close();
  }
  upstream_.reset();
  dial_.reset();

  const bool answer_cut = answer_started_ && abort_reason_ != Reason::None;
  answer.reason = abort_reason_;
  if (abort_reason_ != Reason::None) {
    answer.outcome = answer_started_ ? Outcome::Partial : Outcome::Failed;
    if (abort_reason_ == Reason::ClientAborted || answer_cut || !bodyless) next = Next::kClose;
    if (!answer_started_ && abort_reason_ != Reason::ClientAborted) {
      const Failure failure = failure_of(abort_reason_);
      answer.duration_ns = static_cast<std::uint64_t>(options.clock->mono_ns() - started);
      co_await answer_error(failure.status, failure.code, failure.message, next);
    }
  }
  // What the client sees first is the end of a cut answer, not the wait for the record of it.
  if (next == Next::kClose && answer_started_) {
    net::ErrorCode ignored;
    // To HTTP/1.0 a close is a proper end, so a cut has to be a reset.
    if (answer_cut && client_is_http10_) {
      client_.set_option(asio::socket_base::linger(true, 0), ignored);
      client_.close(ignored);
    }
    client_.shutdown(
        answer_cut ? asio::socket_base::shutdown_both : asio::socket_base::shutdown_send, ignored);
  }
  if (answer.duration_ns == 0) {
    answer.duration_ns = static_cast<std::uint64_t>(options.clock->mono_ns() - started);
  }
  phase_ = Phase::kRecording;
  const Result<Receipt> completed =
      co_await append(proxy_request_completed(options.context, answer, requested->seq));
  --state_.active;
  ++state_.forwarded;
  if (!completed) {
    diag::warn("the end of a request was not recorded: " + completed.error().message);
    co_return Next::kClose;
  }
  const bool gone = answer_cut || abort_reason_ == Reason::ClientAborted;
  if (next == Next::kClose && !gone && (!body_ || !body_->done())) {
    co_await linger();
  }
  co_return next;
}

net::Task<bool> Connection::obtain_upstream(const Route& route) {
  upstream_ = state_.pool->reuse(route);
  if (upstream_) co_return true;
  const auto wait_max = state_.options.limits.connect_max;
  wait_at_most(wait_max * 2);
  dial_ = state_.pool->dial(route, wait_max);
  upstream_ = co_await dial_->run();
  if (upstream_ && abort_reason_ == Reason::None) co_return true;
  if (abort_reason_ == Reason::None) abort_reason_ = dial_->why();
  co_return false;
}

net::Task<bool> Connection::send_request(const Forward& forward, std::string_view secret) {
  std::string first;
  const Result<std::size_t> used = body_->feed(pending_, first);
  if (!used) {
    abort(Reason::BadRequest);
    co_return false;
  }
  pending_.erase(0, *used);
  Result<std::string> head = upstream_head(forward, secret);
  PH_CHECK(head.ok(), "the value was checked before the request was recorded");
  std::string out;
  out.reserve(head->size() + first.size());
  out.append(*head).append(first);
  wipe(*head);
  net::ErrorCode error;
  co_await upstream_->write(asio::buffer(out), error);
  wipe(out);
  if (error) abort(Reason::UpstreamAborted);
  co_return !error;
}

net::Task<void> Connection::upload(std::shared_ptr<Connection> self) {
  std::string out;
  while (!self->body_->done()) {
    net::ErrorCode error;
    const std::size_t got = co_await self->client_.async_read_some(
        asio::buffer(self->client_buffer_), net::await(error));
    if (error) {
      self->abort(Reason::ClientAborted);
      break;
    }
    self->wait_at_most(self->state_.options.limits.silence_max);
    out.clear();
    const std::string_view bytes(self->client_buffer_.data(), got);
    const Result<std::size_t> used = self->body_->feed(bytes, out);
    if (!used) {
      self->abort(Reason::BadRequest);
      break;
    }
    self->pending_.append(bytes.substr(*used));
    // An upstream that stops reading may still have an answer to give: the reader decides.
    co_await self->upstream_->write(asio::buffer(out), error);
    if (error) break;
  }
  self->uploading_ = false;
  self->upload_ended_.cancel();
}

// The answer is complete, or there will be none: the rest of the body goes nowhere.
net::Task<void> Connection::end_upload() {
  if (upstream_) upstream_->close();
  const Reason reason = abort_reason_;
  while (uploading_) {
    net::ErrorCode ignored;
    client_.cancel(ignored);
    upload_ended_.expires_at(net::SteadyClock::time_point::max());
    co_await upload_ended_.async_wait(net::await(ignored));
  }
  abort_reason_ = reason;
}

net::Task<bool> Connection::read_answer_head(std::string& raw, std::string& head,
                                             const std::string& method, ResponseHead& answer) {
  std::size_t scanned = 0;
  for (;;) {
    const Result<std::size_t> size = scan_head(raw, scanned);
    if (!size) {
      abort(Reason::UpstreamProtocol);
      co_return false;
    }
    if (*size > 0) {
      head = raw.substr(0, *size);
      raw.erase(0, *size);
      scanned = 0;
      Result<ResponseHead> parsed = parse_response_head(head, method);
      if (!parsed || parsed->status == 101) {
        abort(Reason::UpstreamProtocol);
        co_return false;
      }
      if (parsed->status < 200) continue;
      answer = std::move(*parsed);
      co_return true;
    }
    net::ErrorCode error;
    const std::size_t got = co_await upstream_->read_some(asio::buffer(upstream_buffer_), error);
    if (error) {
      abort(Reason::UpstreamAborted);
      co_return false;
    }
    wait_at_most(state_.options.limits.silence_max);
    raw.append(upstream_buffer_.data(), got);
  }
}

net::Task<void> Connection::transfer(const Forward& forward, std::string_view secret,
                                     AnswerFacts& facts, Next& next) {
  const std::int64_t started = state_.options.clock->mono_ns();
  if (abort_reason_ != Reason::None || !co_await obtain_upstream(*forward.route)) co_return;
  facts.tls_version = upstream_->tls_version();
  facts.peer_certificate_digest = upstream_->peer_certificate_digest();
  wait_at_most(state_.options.limits.silence_max);

  body_.emplace(forward.framing, forward.framing.kind);
  if (forward.expects_continue && !is_empty_body(forward.framing) && pending_.empty()) {
    if (!co_await write_client("HTTP/1.1 100 Continue\r\n\r\n")) {
      abort(Reason::ClientAborted);
      co_return;
    }
  }
  if (!co_await send_request(forward, secret)) co_return;
  if (!body_->done()) {
    uploading_ = true;
    asio::co_spawn(state_.io, upload(shared_from_this()), asio::detached);
  }

  std::string raw;
  std::string head;
  ResponseHead answer;
  if (co_await read_answer_head(raw, head, forward.method, answer)) {
    facts.first_byte_ns = static_cast<std::uint64_t>(state_.options.clock->mono_ns() - started);
    facts.http_status = static_cast<std::uint16_t>(answer.status);
    if (uploading_) next = Next::kClose;
    co_await pass_answer(answer, std::move(raw), facts, next);
    keep_upstream_ = answer.persistence == Persistence::kKeepAlive;
  }
}

net::Task<void> Connection::pass_answer(const ResponseHead& answer, std::string raw,
                                        AnswerFacts& facts, Next& next) {
  BodyKind out = answer.framing.kind;
  if (out == BodyKind::kUntilClose) out = BodyKind::kChunked;
  if (out == BodyKind::kChunked && client_is_http10_) {
    out = BodyKind::kUntilClose;
    next = Next::kClose;
  }
  if (state_.service_state != ServiceState::kOpen) next = Next::kClose;
  Reframer body(answer.framing, out);
  std::string bytes = client_head(answer, out, next == Next::kClose);
  std::string_view input = raw;
  for (bool more = true; more;) {
    const Result<std::size_t> used = body.feed(input, bytes);
    facts.bytes_received = body.payload_bytes();
    if (used && *used < input.size()) {
      // Bytes after the end of the answer belong to no request of ours.
      if (upstream_) upstream_->close();
    }
    if (!bytes.empty()) {
      answer_started_ = true;
      if (!co_await write_client(bytes)) {
        abort(Reason::ClientAborted);
        co_return;
      }
    }
    if (!used) {
      abort(Reason::UpstreamProtocol);
      co_return;
    }
    if (body.done()) co_return;
    bytes.clear();
    net::ErrorCode error;
    const std::size_t got = co_await upstream_->read_some(asio::buffer(upstream_buffer_), error);
    wait_at_most(state_.options.limits.silence_max);
    input = std::string_view(upstream_buffer_.data(), got);
    if (error) {
      const bool proper = error == asio::error::eof && body.finish(bytes).ok();
      if (!proper) {
        abort(Reason::UpstreamAborted);
        co_return;
      }
      if (!bytes.empty() && !co_await write_client(bytes)) abort(Reason::ClientAborted);
      more = false;
    }
  }
}

}  // namespace phantom
