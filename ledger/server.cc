#include "ledger/server.h"

#include "events/diag.h"
#include "events/envelope.h"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::size_t kClientsMax = 512;
constexpr std::size_t kDraftsPerRoundMax = 1'024;
constexpr std::size_t kOutBytesMax = 1 << 20;
constexpr std::uint64_t kListener = 0;
constexpr std::uint64_t kWake = 1;

}  // namespace

struct SubmitServer::Client {
  Fd fd;
  Peer peer;
  wire::FrameReader in;
  Bytes out;
  std::size_t sent = 0;      // of out
  std::uint32_t events = 0;  // that are watched
  std::int64_t heard_ns = 0;
  bool more = false;  // whole drafts are waiting in `in`
};

Result<std::unique_ptr<SubmitServer>> SubmitServer::start(const std::filesystem::path& socket,
                                                          Writer& writer) {
  PH_ASSIGN(Fd listener, listen_unix(socket));
  PH_ASSIGN(Fd wake, make_event_fd());
  Fd poller(::epoll_create1(EPOLL_CLOEXEC));
  if (!poller.good()) return Error{Code::kIo, "epoll: no descriptor"};
  std::unique_ptr<SubmitServer> server(
      new SubmitServer(socket, writer, std::move(listener), std::move(poller), std::move(wake)));
  PH_TRY(server->watch(server->listener_.get(), kListener, EPOLLIN, EPOLL_CTL_ADD));
  PH_TRY(server->watch(server->wake_.get(), kWake, EPOLLIN, EPOLL_CTL_ADD));
  server->thread_ = std::thread([raw = server.get()] { raw->run(); });
  return server;
}

SubmitServer::SubmitServer(std::filesystem::path path, Writer& writer, Fd listener, Fd poller,
                           Fd wake)
    : path_(std::move(path)),
      writer_(writer),
      listener_(std::move(listener)),
      poller_(std::move(poller)),
      wake_(std::move(wake)) {}

SubmitServer::~SubmitServer() { stop(); }

void SubmitServer::stop() {
  if (!thread_.joinable()) return;
  // First of all nobody finds the door any more.
  ::unlink(path_.c_str());
  stopping_ = true;
  signal_event(wake_);
  thread_.join();
}

Status SubmitServer::watch(int fd, std::uint64_t number, std::uint32_t events, int operation) {
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.u64 = number;
  if (::epoll_ctl(poller_.get(), operation, fd, &wanted) != 0) {
    return Error{Code::kIo, "epoll: a descriptor cannot be watched"};
  }
  return {};
}

void SubmitServer::run() {
  std::array<epoll_event, 128> ready{};
  bool more = false;
  while (!stopping_) {
    const int count = ::epoll_wait(poller_.get(), ready.data(), ready.size(), more ? 0 : -1);
    if (count < 0 && errno != EINTR) {
      diag::warn("ledger socket: poll failed");
      return;
    }
    std::vector<Submission> batch;
    std::vector<std::pair<std::uint64_t, bool>> touched;  // and whether it is still there
    bool knock = false;
    const auto read = [&](std::uint64_t number, Client& client) {
      touched.emplace_back(number, read_client(client, batch));
    };
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = ready[static_cast<std::size_t>(i)];
      knock = knock || event.data.u64 == kListener;
      const auto found = clients_.find(event.data.u64);
      if (found == clients_.end()) continue;
      Client& client = *found->second;
      if (client.more) continue;  // its turn is below
      if ((event.events & EPOLLIN) != 0 || (event.events & (EPOLLERR | EPOLLHUP)) != 0) {
        read(found->first, client);
      } else {
        touched.emplace_back(found->first, true);
      }
    }
    if (more) {
      for (const auto& [number, client] : clients_) {
        if (client->more) read(number, *client);
      }
    }
    if (!batch.empty()) writer_.commit_now(std::move(batch));
    for (const auto& [number, alive] : touched) settle(number, alive);
    more = false;
    for (const auto& [number, client] : clients_) more = more || client->more;
    if (knock) accept_clients();
  }
}

// Sends what a client is owed and decides what to wait for.
void SubmitServer::settle(std::uint64_t number, bool alive) {
  const auto found = clients_.find(number);
  if (found == clients_.end()) return;
  Client& client = *found->second;
  if (!client.out.empty()) alive = write_client(client) && alive;
  if (!alive) {
    clients_.erase(found);
    return;
  }
  std::uint32_t events = 0;
  if (client.out.size() - client.sent < kOutBytesMax) events |= EPOLLIN;
  if (!client.out.empty()) events |= EPOLLOUT;
  if (events == client.events) return;
  client.events = events;
  if (!watch(client.fd.get(), number, events, EPOLL_CTL_MOD).ok()) clients_.erase(found);
}

void SubmitServer::accept_clients() {
  for (;;) {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.good()) {
      const bool full = errno == EMFILE || errno == ENFILE;
      if (!full || clients_.empty()) return;
      drop_most_silent();
      continue;
    }
    auto peer = peer_of(fd);
    if (!peer.ok() || peer->uid != ::geteuid()) {
      diag::warn("ledger socket: refused a process of another user");
      continue;
    }
    if (clients_.size() >= kClientsMax) drop_most_silent();
    auto client = std::make_unique<Client>();
    client->fd = std::move(fd);
    client->peer = *peer;
    client->out = wire::hello(writer_.origin());
    client->events = EPOLLIN;
    client->heard_ns = system_clock().mono_ns();
    const std::uint64_t number = next_client_++;
    if (!write_client(*client)) continue;
    if (!watch(client->fd.get(), number, EPOLLIN, EPOLL_CTL_ADD).ok()) continue;
    clients_.emplace(number, std::move(client));
  }
}

void SubmitServer::drop_most_silent() {
  auto silent = clients_.begin();
  for (auto it = clients_.begin(); it != clients_.end(); ++it) {
    if (it->second->heard_ns < silent->second->heard_ns) silent = it;
  }
  if (silent != clients_.end()) clients_.erase(silent);
}

// Takes the drafts that have arrived. False when the connection is of no more use.
bool SubmitServer::read_client(Client& client, std::vector<Submission>& batch) {
  if (!client.more) {
    std::uint8_t chunk[64 * 1024];
    const ssize_t got = ::recv(client.fd.get(), chunk, sizeof chunk, 0);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    client.in.feed(ByteView(chunk, static_cast<std::size_t>(got)));
  }
  client.more = false;
  for (std::size_t taken = 0;; ++taken) {
    if (taken == kDraftsPerRoundMax) {
      client.more = true;
      return true;
    }
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
    // Only a whole draft counts: who sends bytes now and then does not keep a place.
    client.heard_ns = system_clock().mono_ns();
    const EventId id = draft->id;
    // The client outlives the group: it is dropped only after the commit.
    batch.push_back({std::move(*draft), client.peer, [&client, id](const Result<Receipt>& result) {
                       const Bytes reply = wire::reply(id, result);
                       client.out.insert(client.out.end(), reply.begin(), reply.end());
                     }});
  }
}

bool SubmitServer::write_client(Client& client) {
  while (client.sent < client.out.size()) {
    const ssize_t sent = ::send(client.fd.get(), client.out.data() + client.sent,
                                client.out.size() - client.sent, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    client.sent += static_cast<std::size_t>(sent);
  }
  client.out.clear();
  client.sent = 0;
  return true;
}

}  // namespace phantom
