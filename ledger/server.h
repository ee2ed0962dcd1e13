#pragma once
// The writer's doors for other processes: takes drafts from Unix sockets, commits what came
// together as one group, sends receipts back. One thread; while it commits, what arrives waits in
// the sockets and becomes the next group.
//
// Nobody can keep the others out. A round takes a bounded number of drafts, in turns (turns.h). Per
// connection, answers that it does not read are bounded: then nothing more is read from it. With
// all places taken a new connection gets one of the user that has the most; the process that loses
// it connects again when it has something to send. A caller that the door does not admit gets a
// refusal in place of the greeting.

#include "ledger/door.h"
#include "ledger/socket.h"
#include "ledger/turns.h"
#include "ledger/wire.h"
#include "ledger/writer.h"

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace phantom {

// What the server has done so far, for tests and benches.
struct ServerCounts {
  std::uint64_t rounds = 0;
  std::uint64_t places = 0;  // taken now
  std::uint64_t refused = 0;
  std::uint64_t displaced = 0;
};

class SubmitServer {
 public:
  // `writer` must outlive the server. The socket files are removed when the server stops.
  static Result<std::unique_ptr<SubmitServer>> start(const std::vector<Door>& doors,
                                                     Writer& writer);
  // No new connections or drafts; returns when every accepted draft is answered or its submitter
  // is gone, or does not read for 200 ms.
  void stop();
  ServerCounts counts() const;
  ~SubmitServer();

 private:
  struct Client;
  struct OpenDoor {
    Door door;
    Fd listener;
  };
  using Touched = std::vector<std::pair<std::uint64_t, bool>>;  // and whether it is still there

  SubmitServer(std::vector<OpenDoor> doors, Writer& writer, Fd poller, Fd wake);
  void run();
  int wait_ms() const;
  bool has_turn(const Client& client) const;
  Caller caller(std::uint64_t number, const Client& client) const;
  void take_turns(std::vector<Caller> callers, Touched& touched);
  void accept_clients(const OpenDoor& door);
  void add_client(Fd fd, const OpenDoor& door);
  void free_a_place();
  void watch_doors(std::uint32_t events);
  bool read_client(Client& client, std::vector<Submission>& batch, std::size_t& bytes);
  bool write_client(Client& client);
  void flush_answers();
  void warn_now_and_then(const std::string& text);
  Status watch(int fd, std::uint64_t number, std::uint32_t events, int operation);
  void settle(std::uint64_t number, bool alive);

  std::vector<OpenDoor> doors_;
  Writer& writer_;
  Fd poller_;
  Fd wake_;
  // Server thread only, down to the next blank line.
  std::map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::uint64_t next_client_;       // below it: doors, and the wake descriptor
  std::int64_t doors_shut_ns_ = 0;  // no descriptor was left then; 0: they are open
  std::int64_t warned_ns_ = 0;
  std::size_t round_drafts_max_;  // follows how long a round takes

  std::atomic<std::uint64_t> rounds_{0};
  std::atomic<std::uint64_t> places_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> displaced_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace phantom
