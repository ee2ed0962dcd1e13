#include "cli/mcp_http_serve.h"

#include "events/check.h"

#include <arpa/inet.h>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <list>
#include <map>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <thread>

namespace phantom {
namespace {

using SteadyClock = std::chrono::steady_clock;
using To = McpHttpRoute::To;

constexpr std::chrono::seconds kLook{1};  // how often ended threads and idle sessions are seen to
constexpr std::chrono::seconds kKeepAlive{15};  // between comments of a silent stream
constexpr std::size_t kChunkBytes = 16 * 1024;

Error io_error(const char* what) {
  return {Code::kIo, std::string(what) + ": " + std::strerror(errno)};
}

// Protocol state and record of one client. `connection` is safe as McpDesk has it.
struct Session {
  explicit Session(const std::vector<McpToolInfo>& tools) : peer(tools) {}

  McpConnectionState connection;
  McpRevision revision = McpRevision::k20251125;
  std::mutex mutex;  // all below
  McpPeer peer;
  std::map<std::string, Fd> cancels;  // of the calls that run, by id
  std::size_t busy = 0;               // requests that are being answered
  bool ended = false;
  SteadyClock::time_point used = SteadyClock::now();
};
using SessionPtr = std::shared_ptr<Session>;

enum class After { kKeep, kClose };

// A socket that does not block: reads and writes wait, for so long and until the server stops.
class Wire {
 public:
  Wire(Fd socket, const Fd& stop) : socket_(std::move(socket)), stop_(stop) {}

  int fd() const { return socket_.get(); }
  std::string& bytes() { return bytes_; }  // read, and not yet used

  // False: time is over, the other side has gone or the server stops.
  bool read_more(SteadyClock::time_point until) {
    if (!wait(POLLIN, until)) return false;
    char chunk[kChunkBytes];
    const ssize_t got = ::recv(socket_.get(), chunk, sizeof chunk, 0);
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    bytes_.append(chunk, static_cast<std::size_t>(got));
    return got > 0;
  }

  bool write(std::string_view text, SteadyClock::time_point until) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
      if (sent < 0 && errno == EAGAIN && !wait(POLLOUT, until)) return false;
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    }
    return true;
  }

  // What was refused unread would reset the connection before the answer is read.
  void drain(SteadyClock::time_point until) {
    ::shutdown(socket_.get(), SHUT_WR);
    bytes_.clear();
    for (std::size_t left = 4 * kMcpMessageBytesMax; left > 0 && read_more(until);) {
      left -= std::min(left, bytes_.size());
      bytes_.clear();
    }
  }

 private:
  // An answer that is on its way is still written while the server stops.
  bool wait(short events, SteadyClock::time_point until) {
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now());
      if (left.count() <= 0) return false;
      pollfd polled[] = {{socket_.get(), events, 0}, {stop_.get(), POLLIN, 0}};
      const int ready = ::poll(polled, events == POLLIN ? 2 : 1, static_cast<int>(left.count()));
      if (ready < 0 && errno != EINTR) return false;
      if (polled[1].revents != 0) return false;
      if (ready > 0) return true;
    }
  }

  Fd socket_;
  const Fd& stop_;
  std::string bytes_;
};

class HttpServer {
 public:
  HttpServer(McpDesk& desk, const McpDoor& door, const Fd& stop, const McpHttpLimits& limits)
      : desk_(desk), door_(door), stop_(stop), limits_(limits) {
    stateless_.session = desk.new_session();
    stateless_.transport = "http";
  }

  Status serve(const Fd& listener) {
    Status end = accept_all(listener);
    for (Connection& each : connections_) each.thread.join();
    for (auto& [id, session] : sessions_) end_session(*session);
    desk_.disconnected(stateless_);
    return end;
  }

 private:
  struct Connection {
    std::thread thread;
    std::atomic<bool> done{false};
  };

  Status accept_all(const Fd& listener) {
    while (true) {
      pollfd polled[] = {{listener.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      const auto look = std::chrono::duration_cast<std::chrono::milliseconds>(kLook);
      if (::poll(polled, 2, static_cast<int>(look.count())) < 0 && errno != EINTR) {
        return io_error("poll");
      }
      if (polled[1].revents != 0) return {};
      reap();
      end_idle_sessions();
      if (polled[0].revents == 0) continue;
      Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket.good()) {
        // Out of descriptors: wait until some are free again.
        if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(kLook);
        continue;
      }
      if (connections_.size() >= limits_.connections_max) continue;  // closes it
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      Connection& connection = connections_.emplace_back();
      connection.thread = std::thread([this, &connection, socket = std::move(socket)]() mutable {
        Wire wire(std::move(socket), stop_);
        auto idle_max = limits_.request_max;  // who has not shown the token gets less time
        while (take_request(wire, idle_max) == After::kKeep) idle_max = limits_.idle_max;
        connection.done = true;
      });
    }
  }

  void reap() {
    for (auto at = connections_.begin(); at != connections_.end();) {
      const auto next = std::next(at);
      if (at->done) {
        at->thread.join();
        connections_.erase(at);
      }
      at = next;
    }
  }

  After take_request(Wire& wire, std::chrono::milliseconds idle_max) {
    if (wire.bytes().empty() && !wire.read_more(SteadyClock::now() + idle_max)) {
      return After::kClose;
    }
    const auto until = SteadyClock::now() + limits_.request_max;
    std::size_t scanned = 0;
    std::size_t head_size = 0;
    while (head_size == 0) {
      const auto size = scan_head(wire.bytes(), scanned);
      if (!size.ok()) return refuse(wire, bad_head(size.error()));
      head_size = *size;
      if (head_size > kMcpHeadBytesMax ||
          (head_size == 0 && wire.bytes().size() > kMcpHeadBytesMax)) {
        return refuse(wire, bad_head({Code::kLimit, "the head is too long"}));
      }
      if (head_size == 0 && !wire.read_more(until)) return After::kClose;
    }
    const std::string head_text = wire.bytes().substr(0, head_size);
    wire.bytes().erase(0, head_size);
    const auto head = parse_request_head(head_text);
    if (!head.ok()) return refuse(wire, bad_head(head.error()));
    if (const auto refusal = judge_http_request(*head, door_)) return refuse(wire, *refusal);
    const auto after = head->persistence == Persistence::kKeepAlive ? After::kKeep : After::kClose;
    if (head->method == "DELETE") return end_on_request(wire, *head, after);
    const auto size = static_cast<std::size_t>(head->framing.length);
    while (wire.bytes().size() < size) {
      if (!wire.read_more(until)) return After::kClose;
    }
    const std::string body = wire.bytes().substr(0, size);
    wire.bytes().erase(0, size);
    return take_message(wire, *head, body, after);
  }

  static McpHttpRefusal bad_head(const Error& error) {
    const int status = error.code == Code::kLimit         ? 431
                       : error.code == Code::kUnsupported ? 501
                                                          : 400;
    return {status, mcp_error(nullptr, kMcpInvalidRequest, error.message), ""};
  }

  After answer(Wire& wire, int status, std::string_view message, After after,
               const std::string& field = "") {
    std::string text = "HTTP/1.1 " + mcp_status_line(status) + "\r\n";
    if (!message.empty()) text += "Content-Type: application/json\r\n";
    if (status != 204) text += "Content-Length: " + std::to_string(message.size()) + "\r\n";
    if (!field.empty()) text += field + "\r\n";
    if (after == After::kClose) text += "Connection: close\r\n";
    text += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n";
    text += message;
    return wire.write(text, SteadyClock::now() + limits_.write_max) ? after : After::kClose;
  }

  // What follows on the connection may be the body of what was refused.
  After refuse(Wire& wire, const McpHttpRefusal& refusal) {
    (void)answer(wire, refusal.status, refusal.message, After::kClose, refusal.field);
    wire.drain(SteadyClock::now() + std::chrono::seconds(1));
    return After::kClose;
  }

  After say(Wire& wire, int status, const char* sentence, After after) {
    return answer(wire, status, mcp_error(nullptr, kMcpInvalidRequest, sentence), after);
  }

  After take_message(Wire& wire, const RequestHead& head, const std::string& body, After after) {
    const McpHttpRoute route = route_mcp_message(head, body);
    switch (route.to) {
      case To::kRefused:
        return answer(wire, route.refusal.status, route.refusal.message, after,
                      route.refusal.field);
      case To::kStateless:
        return take_stateless(wire, body, after);
      case To::kNewSession:
        return begin_session(wire, body, after);
      case To::kSession:
        break;
    }
    const SessionPtr session = find_session(route.session);
    if (!session) return say(wire, 404, "that session has ended; say initialize again", after);
    if (!route.version.empty() && route.version != revision_name(session->revision)) {
      return say(wire, 400, "MCP-Protocol-Version is not the one agreed on", after);
    }
    return take_in(wire, *session, session->connection, To::kSession, body, after);
  }

  // Ids of different clients may be alike, so each request has a state of its own.
  After take_stateless(Wire& wire, const std::string& body, After after) {
    Session one(desk_.infos());
    if (stateless_running_.fetch_add(1) >= kMcpInFlightMax) {
      --stateless_running_;
      return say(wire, 503, "too many calls at once; wait for one to end", after);
    }
    after = take_in(wire, one, stateless_, To::kStateless, body, after);
    --stateless_running_;
    return after;
  }

  After begin_session(Wire& wire, const std::string& body, After after) {
    const auto session = std::make_shared<Session>(desk_.infos());
    session->connection.session = desk_.new_session();
    session->connection.transport = "http";
    const McpStep step = session->peer.take(body);
    if (!step.connected) {
      return answer(wire, mcp_http_status(To::kNewSession, step.error),
                    step.send.empty() ? "" : step.send[0], after);
    }
    session->revision = step.connected->revision;
    // Not the id that is on record: who reads the record must not be able to speak in its name.
    const std::string id = desk_.new_session();
    if (!keep_session(id, session)) {
      return say(wire, 503, "too many sessions; one that nobody uses ends by itself", after);
    }
    desk_.connected(session->connection, *step.connected);
    return answer(wire, 200, step.send[0], after, "Mcp-Session-Id: " + id);
  }

  bool keep_session(const std::string& id, const SessionPtr& session) {
    const std::lock_guard lock(mutex_);
    return sessions_.size() < limits_.sessions_max && sessions_.emplace(id, session).second;
  }

  SessionPtr find_session(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    return found != sessions_.end() ? found->second : nullptr;
  }

  After end_on_request(Wire& wire, const RequestHead& head, After after) {
    SessionPtr session;
    for (const HeaderField& field : head.fields) {
      if (!equals_ignoring_case(field.name, "Mcp-Session-Id")) continue;
      const std::lock_guard lock(mutex_);
      const auto found = sessions_.find(std::string(field.value));
      if (found == sessions_.end()) continue;
      session = found->second;
      sessions_.erase(found);
    }
    if (!session) return say(wire, 404, "there is no such session", after);
    end_session(*session);
    return answer(wire, 204, "", after);
  }

  // Its calls are ended; the last of them to go puts the end on record.
  void end_session(Session& session) {
    {
      const std::lock_guard lock(session.mutex);
      session.ended = true;
      for (const auto& [id, cancel] : session.cancels) signal_event(cancel);
      if (session.busy > 0) return;
    }
    desk_.disconnected(session.connection);
  }

  void end_idle_sessions() {
    std::vector<SessionPtr> idle;
    {
      const std::lock_guard lock(mutex_);
      for (auto at = sessions_.begin(); at != sessions_.end();) {
        const std::lock_guard its_lock(at->second->mutex);
        const bool is_idle = at->second->busy == 0 &&
                             SteadyClock::now() - at->second->used >= limits_.session_idle_max;
        if (is_idle) idle.push_back(at->second);
        at = is_idle ? sessions_.erase(at) : std::next(at);
      }
    }
    for (const SessionPtr& each : idle) end_session(*each);
  }

  After take_in(Wire& wire, Session& session, McpConnectionState& connection, To to,
                const std::string& body, After after) {
    McpStep step;
    bool ended = false;
    {
      const std::lock_guard lock(session.mutex);
      ended = session.ended;
      if (!ended) {
        ++session.busy;
        step = session.peer.take(body);
      }
      const auto cancelled =
          step.cancel ? session.cancels.find(to_json(*step.cancel)) : session.cancels.end();
      if (cancelled != session.cancels.end()) signal_event(cancelled->second);
    }
    if (ended) return say(wire, 404, "that session has ended; say initialize again", after);
    if (step.connected) desk_.connected(connection, *step.connected);
    if (step.call) {
      after = take_call(wire, session, connection, *step.call, after);
    } else if (step.listen) {
      after = keep_stream(wire, *step.listen, step.send);
    } else if (step.send.empty()) {
      after = answer(wire, 202, "", after);
    } else {
      after = answer(wire, mcp_http_status(to, step.error), step.send[0], after);
    }
    bool last = false;
    {
      const std::lock_guard lock(session.mutex);
      session.used = SteadyClock::now();
      last = --session.busy == 0 && session.ended;
    }
    if (last) desk_.disconnected(connection);
    return after;
  }

  bool begin_stream(Wire& wire) {
    return wire.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        SteadyClock::now() + limits_.write_max);
  }

  bool send_event(Wire& wire, const std::string& message) {
    return wire.write(mcp_stream_event(message), SteadyClock::now() + limits_.write_max);
  }

  After take_call(Wire& wire, Session& session, McpConnectionState& connection, const McpCall& call,
                  After after) {
    const std::string key = to_json(call.id);
    auto event = make_event_fd();
    if (!event.ok()) {
      {
        const std::lock_guard lock(session.mutex);
        (void)session.peer.finish(call.id);
      }
      return answer(wire, 200, mcp_error(&call.id, kMcpInternalError, event.error().message),
                    after);
    }
    const int cancel_fd = event->get();
    {
      const std::lock_guard lock(session.mutex);
      // Cancelled or ended before it began.
      if (session.ended || !session.peer.in_flight(call.id)) signal_event(*event);
      session.cancels[key] = std::move(*event);
    }
    const auto cancel = [&session, &key] {
      const std::lock_guard lock(session.mutex);
      signal_event(session.cancels.at(key));
    };
    McpProgress progress;
    std::uint64_t told = 0;
    bool broken = false;
    if (call.progress_token) {
      broken = !begin_stream(wire);
      progress = [&](std::uint64_t done, std::uint64_t total, const std::string& what) {
        {
          const std::lock_guard lock(session.mutex);
          if (broken || done <= told || !session.peer.in_flight(call.id)) return;
        }
        told = done;
        broken = !send_event(wire, mcp_progress(call, done, total, what));
        if (broken) cancel();
      };
      if (broken) cancel();
    }
    const McpResult result = desk_.call(
        call, connection,
        {{wire.fd(), POLLRDHUP, 0}, {cancel_fd, POLLIN, 0}, {stop_.get(), POLLIN, 0}}, progress);
    bool wanted = false;
    {
      const std::lock_guard lock(session.mutex);
      wanted = session.peer.finish(call.id) && !session.ended;
      session.cancels.erase(key);
    }
    if (call.progress_token) {
      if (wanted && !broken) (void)send_event(wire, mcp_answer(call, result));
      return After::kClose;
    }
    // Of a call that was cancelled there is no answer, but of the request there has to be one.
    return wanted ? answer(wire, 200, mcp_answer(call, result), after)
                  : answer(wire, 202, "", After::kClose);
  }

  // A subscription: silent, until the client goes or the server stops.
  After keep_stream(Wire& wire, const JsonValue& id, const std::vector<std::string>& messages) {
    bool good = begin_stream(wire);
    for (const std::string& message : messages) good = good && send_event(wire, message);
    while (good) {
      pollfd polled[] = {{wire.fd(), POLLRDHUP, 0}, {stop_.get(), POLLIN, 0}};
      const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(kKeepAlive);
      if (::poll(polled, 2, static_cast<int>(pause.count())) < 0 && errno != EINTR) break;
      if (polled[0].revents != 0) break;
      if (polled[1].revents != 0) {
        (void)send_event(wire, mcp_subscription_end(id));
        break;
      }
      good = wire.write(":\n\n", SteadyClock::now() + limits_.write_max);
    }
    return After::kClose;
  }

  McpDesk& desk_;
  const McpDoor& door_;
  const Fd& stop_;
  const McpHttpLimits limits_;
  std::list<Connection> connections_;  // of the thread that accepts
  std::mutex mutex_;                   // sessions_; before the mutex of one
  std::map<std::string, SessionPtr> sessions_;
  McpConnectionState stateless_;
  std::atomic<std::size_t> stateless_running_{0};
};

}  // namespace

Result<McpListener> listen_mcp_http(ListenAddress address) {
  if (!address.is_loopback) {
    return Error{Code::kDenied,
                 "the MCP server listens on this machine alone, not on " + address.host,
                 "use 127.0.0.1 or [::1]"};
  }
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const bool is_v6 = address.host.find(':') != std::string::npos;
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = htons(address.port);
  v6.sin6_port = htons(address.port);
  const int read = is_v6 ? ::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr)
                         : ::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr);
  if (read != 1) return Error{Code::kInvalid, "not an IP address to listen on"};
  auto* const name = is_v6 ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4);
  socklen_t size = is_v6 ? sizeof v6 : sizeof v4;
  const int on = 1;
  Fd socket(::socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.good() || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket.get(), name, size) != 0 || ::listen(socket.get(), SOMAXCONN) != 0 ||
      ::getsockname(socket.get(), name, &size) != 0) {
    return io_error(("cannot listen on " + address.text()).c_str());
  }
  address.port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
  return McpListener{std::move(socket), std::move(address)};
}

Status serve_mcp_http(McpDesk& desk, const McpListener& listener, const McpDoor& door,
                      const Fd& stop, const McpHttpLimits& limits) {
  return HttpServer(desk, door, stop, limits).serve(listener.socket);
}

}  // namespace phantom
