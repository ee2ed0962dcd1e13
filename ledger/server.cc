#include "ledger/server.h"

#include "events/diag.h"
#include "events/envelope.h"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::size_t kClientsMax = 256;
constexpr std::size_t kPendingPerClientMax = 1'024;
constexpr std::size_t kOutBytesMax = 1 << 20;
constexpr int kStopWaitMs = 5'000;

}  // namespace

struct SubmitServer::Client {
  Fd fd;
  Peer peer;
  wire::FrameReader in;
  Bytes out;
  std::size_t pending = 0;  // drafts with the writer
};

Result<std::unique_ptr<SubmitServer>> SubmitServer::start(const std::filesystem::path& socket,
                                                          Writer& writer) {
  PH_ASSIGN(Fd listener, listen_unix(socket));
  PH_ASSIGN(Fd wake, make_event_fd());
  std::unique_ptr<SubmitServer> server(
      new SubmitServer(socket, writer, std::move(listener), std::move(wake)));
  server->thread_ = std::thread([raw = server.get()] { raw->run(); });
  return server;
}

SubmitServer::SubmitServer(std::filesystem::path path, Writer& writer, Fd listener, Fd wake)
    : path_(std::move(path)),
      writer_(writer),
      listener_(std::move(listener)),
      outbox_(std::make_shared<Outbox>()) {
  outbox_->wake = std::move(wake);
}

SubmitServer::~SubmitServer() { stop(); }

void SubmitServer::stop() {
  if (!thread_.joinable()) return;
  // First of all nobody finds the door any more.
  ::unlink(path_.c_str());
  stopping_ = true;
  signal_event(outbox_->wake);
  thread_.join();
}

void SubmitServer::run() {
  const std::int64_t stop_deadline_unset = 0;
  std::int64_t stop_deadline_ns = stop_deadline_unset;
  for (;;) {
    const bool stopping = stopping_;
    if (stopping && stop_deadline_ns == stop_deadline_unset) {
      stop_deadline_ns = system_clock().mono_ns() + std::int64_t{kStopWaitMs} * 1'000'000;
    }
    std::vector<pollfd> polled{{outbox_->wake.get(), POLLIN, 0}};
    std::vector<std::uint64_t> numbers;
    bool waiting = false;
    for (const auto& [number, client] : clients_) {
      short events = 0;
      const bool has_room =
          client->pending < kPendingPerClientMax && client->out.size() < kOutBytesMax;
      if (has_room && !stopping) events |= POLLIN;
      if (!client->out.empty()) events |= POLLOUT;
      waiting = waiting || client->pending > 0 || !client->out.empty();
      polled.push_back({client->fd.get(), events, 0});
      numbers.push_back(number);
    }
    if (stopping && (!waiting || system_clock().mono_ns() > stop_deadline_ns)) return;
    if (!stopping && clients_.size() < kClientsMax) polled.push_back({listener_.get(), POLLIN, 0});
    if (::poll(polled.data(), polled.size(), stopping ? 50 : -1) < 0 && errno != EINTR) {
      diag::warn("ledger socket: poll failed");
      return;
    }
    drain_event(outbox_->wake);
    deliver_replies();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const short events = polled[i + 1].revents;
      Client& client = *clients_.at(numbers[i]);
      bool alive = (events & (POLLERR | POLLNVAL)) == 0;
      if (alive && (events & POLLIN) != 0) alive = read_client(numbers[i], client);
      if (alive && !client.out.empty()) alive = write_client(client);
      if (alive && (events & POLLHUP) != 0 && (events & POLLIN) == 0) alive = false;
      if (!alive) clients_.erase(numbers[i]);
    }
    if (polled.size() > numbers.size() + 1 && (polled.back().revents & POLLIN) != 0)
      accept_clients();
  }
}

void SubmitServer::accept_clients() {
  while (clients_.size() < kClientsMax) {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.good()) return;
    auto peer = peer_of(fd);
    if (!peer.ok() || peer->uid != ::geteuid()) {
      diag::warn("ledger socket: refused a process of another user");
      continue;
    }
    auto client = std::make_unique<Client>();
    client->fd = std::move(fd);
    client->peer = *peer;
    client->out = wire::hello(writer_.origin());
    if (write_client(*client)) clients_.emplace(next_client_++, std::move(client));
  }
}

bool SubmitServer::read_client(std::uint64_t number, Client& client) {
  std::uint8_t chunk[64 * 1024];
  const ssize_t got = ::recv(client.fd.get(), chunk, sizeof chunk, 0);
  if (got == 0) return false;
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  client.in.feed(ByteView(chunk, static_cast<std::size_t>(got)));
  for (;;) {
    auto frame = client.in.next();
    if (!frame.ok()) {
      diag::warn("ledger socket: garbage from process " + std::to_string(client.peer.pid));
      return false;
    }
    if (!*frame) return true;
    auto draft = parse_draft(**frame);
    if (!draft.ok()) {
      diag::warn("ledger socket: " + draft.error().message + " from process " +
                 std::to_string(client.peer.pid));
      return false;
    }
    ++client.pending;
    const EventId id = draft->id;
    writer_.submit({std::move(*draft), client.peer,
                    [outbox = outbox_, number, id](const Result<Receipt>& result) {
                      const std::lock_guard lock(outbox->mutex);
                      outbox->replies.emplace_back(number, wire::reply(id, result));
                      signal_event(outbox->wake);
                    }});
  }
}

void SubmitServer::deliver_replies() {
  std::vector<std::pair<std::uint64_t, Bytes>> replies;
  {
    const std::lock_guard lock(outbox_->mutex);
    replies.swap(outbox_->replies);
  }
  for (auto& [number, bytes] : replies) {
    const auto it = clients_.find(number);
    if (it == clients_.end()) continue;  // it went away; its events stay
    --it->second->pending;
    it->second->out.insert(it->second->out.end(), bytes.begin(), bytes.end());
  }
}

bool SubmitServer::write_client(Client& client) {
  const ssize_t sent = ::send(client.fd.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  client.out.erase(client.out.begin(), client.out.begin() + sent);
  return true;
}

}  // namespace phantom
