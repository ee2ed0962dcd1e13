#pragma once
// The writer's door for other processes: takes drafts from the Unix socket, hands them to the
// writer, sends receipts back. One thread, bounded in connections and in drafts per connection.

#include "ledger/socket.h"
#include "ledger/wire.h"
#include "ledger/writer.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
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
  SubmitServer(std::filesystem::path path, Writer& writer, Fd listener, Fd wake);
  void run();
  void accept_clients();
  bool read_client(std::uint64_t number, Client& client);
  bool write_client(Client& client);
  void deliver_replies();

  std::filesystem::path path_;
  Writer& writer_;
  Fd listener_;
  std::map<std::uint64_t, std::unique_ptr<Client>> clients_;  // server thread only
  std::uint64_t next_client_ = 1;

  struct Outbox {
    std::mutex mutex;
    std::vector<std::pair<std::uint64_t, Bytes>> replies;
    Fd wake;
  };
  // Shared with callbacks that may run after the server is gone.
  std::shared_ptr<Outbox> outbox_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace phantom
