#pragma once
// The writer's door for other processes: takes drafts from the Unix socket, commits what came
// together as one group, sends receipts back. One thread; while it commits, what arrives waits in
// the sockets and becomes the next group.
//
// Bounded per connection: drafts taken per round, and answers it does not read, after which nothing
// more is read from it. With all places taken a new connection gets that of the one that has been
// silent for longest; its process connects again when it has something to send.

#include "ledger/socket.h"
#include "ledger/wire.h"
#include "ledger/writer.h"

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace phantom {

class SubmitServer {
 public:
  // `writer` must outlive the server. The socket file is removed when the server stops.
  static Result<std::unique_ptr<SubmitServer>> start(const std::filesystem::path& socket,
                                                     Writer& writer);
  // No new connections or drafts; returns when every accepted draft is answered or its submitter
  // is gone.
  void stop();
  ~SubmitServer();

 private:
  struct Client;
  SubmitServer(std::filesystem::path path, Writer& writer, Fd listener, Fd poller, Fd wake);
  void run();
  void accept_clients();
  void drop_most_silent();
  bool read_client(Client& client, std::vector<Submission>& batch);
  bool write_client(Client& client);
  Status watch(int fd, std::uint64_t number, std::uint32_t events, int operation);
  void settle(std::uint64_t number, bool alive);

  std::filesystem::path path_;
  Writer& writer_;
  Fd listener_;
  Fd poller_;
  Fd wake_;
  std::map<std::uint64_t, std::unique_ptr<Client>> clients_;  // server thread only
  std::uint64_t next_client_ = 2;                             // 0 and 1: the other descriptors
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace phantom
