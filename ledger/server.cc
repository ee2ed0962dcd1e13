#include "ledger/server.h"

#include "events/diag.h"
#include "events/envelope.h"
#include "ledger/quiet_threads.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::size_t kClientsMax = 512;
constexpr std::size_t kAcceptsPerTurnMax = 64;
constexpr std::size_t kDraftsPerTurnMax = 1'024;
constexpr std::size_t kBytesPerTurnMax = 64 << 10;
// A round is about one commit, and what everybody else waits for: on a slow machine it takes less,
// so that its work stays near this much time of the processor.
constexpr std::int64_t kRoundWorkNs = 40'000'000;
constexpr std::size_t kDraftsPerRoundMin = 64;
constexpr std::size_t kDraftsPerRoundMax = 4'096;
constexpr std::size_t kBytesPerRoundMax = 1 << 20;
constexpr std::uint64_t kHeavyWaitsMax = 16;  // rounds, then it is its turn before the light ones
constexpr std::size_t kOutBytesMax = 128 << 10;
constexpr std::int64_t kDoorsShutNs = 100'000'000;
constexpr std::int64_t kWarnEveryNs = 1'000'000'000;
constexpr std::chrono::milliseconds kFlushMax{200};
constexpr std::uint64_t kWake = 0;
constexpr std::uint64_t kFirstDoor = 1;

std::int64_t now_ns() { return system_clock().mono_ns(); }

// Of this thread: a slow disk is not counted, since smaller rounds would only make it slower.
std::int64_t work_ns() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::int64_t{spent.tv_sec} * 1'000'000'000 + spent.tv_nsec;
}

}  // namespace

struct SubmitServer::Client {
  Fd fd;
  Peer peer;
  wire::FrameReader in;
  Bytes out;
  std::size_t sent = 0;      // of out
  std::uint32_t events = 0;  // that are watched
  std::int64_t heard_ns = 0;
  std::uint64_t last_round = 0;
  bool has_sent = false;
  bool heavy = false;
  bool more = false;  // whole drafts are waiting in `in`

  std::size_t owed_bytes() const { return out.size() - sent; }
};

Result<std::unique_ptr<SubmitServer>> SubmitServer::start(const std::vector<Door>& doors,
                                                          Writer& writer) {
  PH_ASSIGN(Fd wake, make_event_fd());
  Fd poller(::epoll_create1(EPOLL_CLOEXEC));
  if (!poller.good()) return Error{Code::kIo, "epoll: no descriptor"};
  std::vector<OpenDoor> open;
  for (const Door& door : doors) {
    auto listener = open_door(door);
    if (!listener.ok()) {
      for (const OpenDoor& made : open) ::unlink(made.door.path.c_str());
      return std::move(listener.error());
    }
    open.push_back({door, std::move(*listener)});
  }
  std::unique_ptr<SubmitServer> server(
      new SubmitServer(std::move(open), writer, std::move(poller), std::move(wake)));
  for (std::size_t i = 0; i < server->doors_.size(); ++i) {
    PH_TRY(server->watch(server->doors_[i].listener.get(), kFirstDoor + i, EPOLLIN, EPOLL_CTL_ADD));
  }
  PH_TRY(server->watch(server->wake_.get(), kWake, EPOLLIN, EPOLL_CTL_ADD));
  const QuietThreads quiet;
  server->thread_ = std::thread([raw = server.get()] { raw->run(); });
  return server;
}

SubmitServer::SubmitServer(std::vector<OpenDoor> doors, Writer& writer, Fd poller, Fd wake)
    : doors_(std::move(doors)),
      writer_(writer),
      poller_(std::move(poller)),
      wake_(std::move(wake)),
      next_client_(kFirstDoor + doors_.size()),
      round_drafts_max_(kDraftsPerRoundMax) {}

SubmitServer::~SubmitServer() { stop(); }

void SubmitServer::stop() {
  if (!thread_.joinable()) return;
  // First of all nobody finds the doors any more.
  for (const OpenDoor& each : doors_) ::unlink(each.door.path.c_str());
  stopping_ = true;
  signal_event(wake_);
  thread_.join();
}

ServerCounts SubmitServer::counts() const {
  return {rounds_.load(), places_.load(), refused_.load(), displaced_.load()};
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

// A caller that sends and does not read waits until it does.
bool SubmitServer::has_turn(const Client& client) const {
  return client.more && client.owed_bytes() < kOutBytesMax;
}

Caller SubmitServer::caller(std::uint64_t number, const Client& client) const {
  const bool waited = rounds_ - client.last_round >= kHeavyWaitsMax;
  return {number, client.peer.uid, client.heavy && !waited, client.last_round};
}

int SubmitServer::wait_ms() const {
  for (const auto& [number, client] : clients_) {
    if (has_turn(*client)) return 0;
  }
  return doors_shut_ns_ == 0 ? -1 : static_cast<int>(kDoorsShutNs / 1'000'000);
}

void SubmitServer::run() {
  // Room for everybody at once: who is ready is seen, and turns are fair.
  std::array<epoll_event, kClientsMax + 16> ready{};
  while (!stopping_) {
    const int count = ::epoll_wait(poller_.get(), ready.data(), ready.size(), wait_ms());
    if (count < 0 && errno != EINTR) {
      diag::warn("ledger socket: poll failed");
      return;
    }
    ++rounds_;
    std::vector<Caller> callers;
    Touched touched;
    std::vector<const OpenDoor*> knocked;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = ready[static_cast<std::size_t>(i)];
      const std::uint64_t number = event.data.u64;
      if (number >= kFirstDoor && number < kFirstDoor + doors_.size()) {
        knocked.push_back(&doors_[number - kFirstDoor]);
      }
      const auto found = clients_.find(number);
      if (found == clients_.end()) continue;
      const Client& client = *found->second;
      const bool readable = (event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
      if (readable && !client.more) {
        callers.push_back(caller(number, client));
      } else {
        touched.emplace_back(number, true);
      }
    }
    for (const auto& [number, client] : clients_) {
      if (has_turn(*client)) {
        callers.push_back(caller(number, *client));
      }
    }
    take_turns(std::move(callers), touched);
    for (const auto& [number, alive] : touched) settle(number, alive);
    if (doors_shut_ns_ != 0 && now_ns() - doors_shut_ns_ >= kDoorsShutNs) watch_doors(EPOLLIN);
    for (const OpenDoor* door : knocked) accept_clients(*door);
    places_ = clients_.size();
  }
  flush_answers();
}

// Whoever does not get a turn now is ready again in the next round.
void SubmitServer::take_turns(std::vector<Caller> callers, Touched& touched) {
  std::vector<Submission> batch;
  std::size_t bytes = 0;
  const std::int64_t began_ns = work_ns();
  for (const std::uint64_t number : order_turns(std::move(callers))) {
    if (batch.size() >= round_drafts_max_ || bytes >= kBytesPerRoundMax) break;
    Client& client = *clients_.at(number);
    client.last_round = rounds_;
    touched.emplace_back(number, read_client(client, batch, bytes));
  }
  const bool full = batch.size() >= round_drafts_max_;
  if (!batch.empty()) writer_.commit_now(std::move(batch));
  const std::int64_t spent_ns = work_ns() - began_ns;
  if (spent_ns > kRoundWorkNs) {
    round_drafts_max_ = std::max(round_drafts_max_ / 2, kDraftsPerRoundMin);
  } else if (full && spent_ns < kRoundWorkNs / 3) {
    round_drafts_max_ = std::min(round_drafts_max_ * 2, kDraftsPerRoundMax);
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
  if (client.owed_bytes() < kOutBytesMax && !client.more) events |= EPOLLIN;
  if (!client.out.empty()) events |= EPOLLOUT;
  if (events == client.events) return;
  client.events = events;
  if (!watch(client.fd.get(), number, events, EPOLL_CTL_MOD).ok()) clients_.erase(found);
}

void SubmitServer::watch_doors(std::uint32_t events) {
  doors_shut_ns_ = events == 0 ? now_ns() : 0;
  for (std::size_t i = 0; i < doors_.size(); ++i) {
    if (!watch(doors_[i].listener.get(), kFirstDoor + i, events, EPOLL_CTL_MOD).ok()) {
      diag::warn("ledger socket: a door cannot be watched");
    }
  }
}

void SubmitServer::accept_clients(const OpenDoor& door) {
  for (std::size_t i = 0; i < kAcceptsPerTurnMax; ++i) {
    Fd fd(::accept4(door.listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.good()) {
      add_client(std::move(fd), door);
      continue;
    }
    if (errno == EAGAIN) return;
    if (errno == EINTR || errno == ECONNABORTED) continue;
    const bool no_descriptor = errno == EMFILE || errno == ENFILE;
    // The kernel says so before it looks whether anybody is waiting.
    pollfd polled{door.listener.get(), POLLIN, 0};
    if (::poll(&polled, 1, 0) == 0) return;
    warn_now_and_then("no descriptor for a new connection");
    if (no_descriptor && !clients_.empty()) {
      free_a_place();
      continue;
    }
    // The doors stay ready, and would keep this thread busy with nothing.
    return watch_doors(0);
  }
}

void SubmitServer::add_client(Fd fd, const OpenDoor& door) {
  auto peer = let_in(fd, door.door.admission);
  if (!peer.ok()) {
    ++refused_;
    warn_now_and_then(peer.error().message);
    const Bytes answer = wire::refusal(peer.error());
    // It fits, or the caller is not worth waiting for.
    (void)::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    return;
  }
  if (clients_.size() >= kClientsMax) free_a_place();
  auto client = std::make_unique<Client>();
  client->fd = std::move(fd);
  client->peer = *peer;
  client->out = wire::hello(writer_.origin());
  client->events = EPOLLIN;
  client->heard_ns = now_ns();
  const std::uint64_t number = next_client_++;
  if (!write_client(*client)) return;
  if (!watch(client->fd.get(), number, EPOLLIN, EPOLL_CTL_ADD).ok()) return;
  clients_.emplace(number, std::move(client));
}

void SubmitServer::free_a_place() {
  std::vector<Place> places;
  places.reserve(clients_.size());
  for (const auto& [number, client] : clients_) {
    places.push_back({number, client->peer.uid, client->has_sent, client->heard_ns});
  }
  const auto number = place_to_free(places);
  if (!number) return;
  clients_.erase(*number);
  ++displaced_;
}

// Takes the drafts that have arrived. False when the connection is of no more use.
bool SubmitServer::read_client(Client& client, std::vector<Submission>& batch, std::size_t& bytes) {
  client.heavy = client.more;
  if (!client.more) {
    std::uint8_t chunk[kBytesPerTurnMax];
    const ssize_t got = ::recv(client.fd.get(), chunk, sizeof chunk, 0);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    client.heavy = static_cast<std::size_t>(got) == sizeof chunk;
    bytes += static_cast<std::size_t>(got);
    client.in.feed(ByteView(chunk, static_cast<std::size_t>(got)));
  }
  client.more = false;
  const auto give_up = [&](const std::string& why) {
    warn_now_and_then(why + " from process " + std::to_string(client.peer.pid) + " of user " +
                      std::to_string(client.peer.uid));
    return false;
  };
  const std::size_t left = round_drafts_max_ - std::min(round_drafts_max_, batch.size());
  const std::size_t taken_max = std::min(kDraftsPerTurnMax, left);
  for (std::size_t taken = 0;; ++taken) {
    if (taken == taken_max) {
      client.more = true;
      client.heavy = true;
      return true;
    }
    auto frame = client.in.next();
    if (!frame.ok()) return give_up("garbage");
    if (!*frame) return true;
    auto draft = parse_draft(**frame);
    if (!draft.ok()) return give_up(draft.error().message);
    // Only a whole draft counts: who sends bytes now and then does not keep a place.
    client.heard_ns = now_ns();
    client.has_sent = true;
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

// The answers that did not fit into the sockets. Who does not read does not hold up the end.
void SubmitServer::flush_answers() {
  const auto deadline = std::chrono::steady_clock::now() + kFlushMax;
  for (;;) {
    std::vector<pollfd> owed;
    std::erase_if(clients_, [&](const auto& each) {
      Client& client = *each.second;
      if (client.out.empty() || !write_client(client) || client.out.empty()) return true;
      owed.push_back({client.fd.get(), POLLOUT, 0});
      return false;
    });
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (owed.empty() || left.count() <= 0) return;
    if (::poll(owed.data(), owed.size(), static_cast<int>(left.count())) == 0) return;
  }
}

// A flood of bad callers is not a flood of lines.
void SubmitServer::warn_now_and_then(const std::string& text) {
  const std::int64_t now = now_ns();
  if (warned_ns_ != 0 && now - warned_ns_ < kWarnEveryNs) return;
  warned_ns_ = now;
  diag::warn("ledger socket: " + text);
}

}  // namespace phantom
