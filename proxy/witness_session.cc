#include "proxy/witness_session.h"

#include "events/diag.h"
#include "proxy/body.h"

#include <boost/asio/write.hpp>

#include <algorithm>
#include <exception>

namespace phantom {
namespace {

namespace asio = net::asio;

constexpr std::size_t kTargetBytesMax = 1'024;
constexpr std::size_t kLingerBytesMax = 1024 * 1024;
constexpr std::chrono::seconds kLingerMax{2};
constexpr std::size_t kDigestDigits = 64;

const char* reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    default:
      return "Error";
  }
}

enum class Resource { kNone, kAddCheckpoint, kCheckpoint };

struct Route {
  Resource resource = Resource::kNone;
  std::string_view digest;  // of kCheckpoint
};

Route route(std::string_view target, std::string_view prefix) {
  if (!target.starts_with(prefix)) return {};
  target.remove_prefix(prefix.size());
  if (target == "/add-checkpoint") return {Resource::kAddCheckpoint, {}};
  constexpr std::string_view kEnd = "/checkpoint";
  if (target.size() != 1 + kDigestDigits + kEnd.size() || target.front() != '/' ||
      !target.ends_with(kEnd)) {
    return {};
  }
  return {Resource::kCheckpoint, target.substr(1, kDigestDigits)};
}

WitnessAnswer plain(int status, std::string body) {
  WitnessAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

WitnessAnswer refusal_of(const Error& error) {
  const int status = error.code == Code::kLimit         ? 431
                     : error.code == Code::kUnsupported ? 501
                                                        : 400;
  return plain(status, error.message + "\n");
}

const HeaderField* find_field(const RequestHead& head, std::string_view name) {
  for (const HeaderField& field : head.fields) {
    if (equals_ignoring_case(field.name, name)) return &field;
  }
  return nullptr;
}

}  // namespace

WitnessSession::WitnessSession(WitnessSessions& sessions, net::Socket socket, std::string caller)
    : sessions_(sessions),
      socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      caller_(std::move(caller)) {
  sessions_.open.insert(this);
}

WitnessSession::~WitnessSession() { sessions_.open.erase(this); }

void WitnessSession::close() {
  phase_since_ = net::SteadyClock::time_point::max();  // its place is given up already
  net::ErrorCode ignored;
  socket_.close(ignored);
}

net::Task<void> WitnessSession::run(std::shared_ptr<WitnessSession> self) {
  try {
    while (co_await self->serve_one()) {
    }
  } catch (const std::exception& problem) {
    diag::warn(std::string("a connection ended in an exception: ") + problem.what());
  }
  self->close();
  ++self->round_;
  self->timer_.cancel();
}

// From here on the connection has `wait` to get on.
void WitnessSession::enter(Phase phase, std::chrono::milliseconds wait) {
  phase_ = phase;
  phase_since_ = net::SteadyClock::now();
  timer_.expires_at(phase_since_ + wait);
  timer_.async_wait([self = weak_from_this(), round = ++round_](net::ErrorCode error) {
    const auto session = self.lock();
    if (!error && session && session->round_ == round) session->close();
  });
}

net::Task<bool> WitnessSession::read_more() {
  net::ErrorCode error;
  const std::size_t got = co_await socket_.async_read_some(asio::buffer(chunk_), net::await(error));
  if (error) co_return false;
  pending_.append(chunk_.data(), got);
  co_return true;
}

// False: the connection has gone, or `refusal` says what is wrong with the request.
net::Task<bool> WitnessSession::read_head(Answer& refusal, std::string& head) {
  const WitnessServerLimits& limits = sessions_.options.limits;
  std::size_t scanned = 0;
  enter(Phase::kIdle, limits.idle_max);
  for (;;) {
    if (!pending_.empty()) {
      if (phase_ == Phase::kIdle) enter(Phase::kRequest, limits.request_max);
      const Result<std::size_t> size = scan_head(pending_, scanned);
      if (!size) {
        refusal.answer = refusal_of(size.error());
        co_return false;
      }
      if (*size > 0) {
        head = pending_.substr(0, *size);
        pending_.erase(0, *size);
        co_return true;
      }
    }
    if (sessions_.draining && phase_ == Phase::kIdle) co_return false;
    if (!co_await read_more()) co_return false;
  }
}

net::Task<bool> WitnessSession::read_body(const RequestHead& head, Answer& refusal,
                                          std::string& body) {
  const auto too_long = [&] {
    refusal.answer = plain(413, "a request has at most 65536 bytes\n");
    return false;
  };
  if (head.framing.kind == BodyKind::kLength && head.framing.length > kWitnessBodyBytesMax) {
    co_return too_long();
  }
  if (const HeaderField* expect = find_field(head, "expect")) {
    if (!equals_ignoring_case(expect->value, "100-continue")) {
      refusal.answer = plain(417, "this expectation is not known here\n");
      co_return false;
    }
    const bool waits = head.minor_version == 1 && pending_.empty() && !is_empty_body(head.framing);
    if (waits && !co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
  }
  BodyDecoder decoder(head.framing);
  for (;;) {
    while (!pending_.empty() && !decoder.done()) {
      const auto step = decoder.step(pending_);
      if (!step) {
        refusal.answer = refusal_of(step.error());
        co_return false;
      }
      if (body.size() + step->data.size() > kWitnessBodyBytesMax) co_return too_long();
      body.append(step->data);
      const std::size_t consumed = step->consumed;
      if (consumed == 0) break;
      pending_.erase(0, consumed);
    }
    if (decoder.done()) co_return true;
    if (!co_await read_more()) co_return false;
  }
}

net::Task<bool> WitnessSession::write(std::string_view bytes) {
  net::ErrorCode error;
  co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), net::await(error));
  co_return !error;
}

net::Task<bool> WitnessSession::send(const Answer& answer, bool with_body) {
  enter(Phase::kAnswer, sessions_.options.limits.answer_max);
  std::string bytes = "HTTP/1.1 " + std::to_string(answer.answer.status) + " " +
                      reason_phrase(answer.answer.status) + "\r\n";
  append_field(bytes, "Content-Type", answer.answer.content_type);
  append_field(bytes, "Content-Length", std::to_string(answer.answer.body.size()));
  append_field(bytes, "Cache-Control", "no-store");
  append_field(bytes, "X-Content-Type-Options", "nosniff");
  bytes += answer.fields;
  if (answer.close) append_field(bytes, "Connection", "close");
  bytes += "\r\n";
  if (with_body) bytes += answer.answer.body;
  const bool sent = co_await write(bytes);
  if (answer.close && answer.unread) co_await linger();
  co_return sent && !answer.close;
}

// A close with unread bytes resets the connection, and the answer would be lost with it.
net::Task<void> WitnessSession::linger() {
  net::ErrorCode error;
  socket_.shutdown(asio::socket_base::shutdown_send, error);
  enter(Phase::kAnswer, kLingerMax);
  for (std::size_t read = 0; !error && read < kLingerBytesMax;) {
    read += co_await socket_.async_read_some(asio::buffer(chunk_), net::await(error));
  }
}

net::Task<bool> WitnessSession::serve_one() {
  Answer answer;
  answer.close = true;
  answer.unread = true;
  std::string bytes;
  if (!co_await read_head(answer, bytes)) {
    co_return answer.answer.status != 0 && co_await send(answer, true);
  }
  const Result<RequestHead> head = parse_request_head(bytes);
  if (!head) {
    answer.answer = refusal_of(head.error());
    co_return co_await send(answer, true);
  }
  const bool head_only = head->method == "HEAD";
  if (head->target.size() > kTargetBytesMax) {
    answer.answer = plain(414, "the path is too long\n");
    co_return co_await send(answer, !head_only);
  }
  if (!sessions_.buckets.take(caller_, net::SteadyClock::now())) {
    answer.answer = plain(429, "too many requests\n");
    append_field(answer.fields, "Retry-After", "1");
    co_return co_await send(answer, !head_only);
  }
  std::string body;
  if (!co_await read_body(*head, answer, body)) {
    co_return answer.answer.status != 0 && co_await send(answer, !head_only);
  }
  const Route to = route(head->target, sessions_.options.prefix);
  const bool reads = head->method == "GET" || head_only;
  if (to.resource == Resource::kAddCheckpoint && head->method == "POST") {
    answer.answer = sessions_.witness.add_checkpoint(body);
  } else if (to.resource == Resource::kCheckpoint && reads) {
    answer.answer = sessions_.witness.newest(to.digest);
  } else if (to.resource == Resource::kNone) {
    answer.answer = plain(404, "there is nothing here\n");
  } else {
    answer.answer = plain(405, "this is not what can be done here\n");
    append_field(answer.fields, "Allow",
                 to.resource == Resource::kAddCheckpoint ? "POST" : "GET, HEAD");
  }
  answer.unread = !pending_.empty();
  const bool keeps = head->persistence == Persistence::kKeepAlive && head->minor_version == 1;
  answer.close = !keeps || sessions_.draining;
  co_return co_await send(answer, !head_only);
}

}  // namespace phantom
