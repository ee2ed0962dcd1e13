#pragma once
// A connection to the process that holds the lease. One thread uses it.

#include "ledger/socket.h"
#include "ledger/wire.h"

#include <chrono>
#include <vector>

namespace phantom {

class Submitter {
 public:
  // Connects and reads the greeting. kNotFound when nobody listens (yet, or any more), kBusy when
  // the writer does not greet within `wait_max`, kDenied when it refuses this process.
  static Result<Submitter> connect(const std::filesystem::path& socket,
                                   std::chrono::milliseconds wait_max);

  // Of the ledger, as the greeting says.
  const std::string& origin() const { return origin_; }

  // Sends one draft and waits for its answer. An error other than the answer's own means that the
  // connection is of no more use and the draft may have been seen.
  Result<wire::Reply> exchange(ByteView encoded_draft, std::chrono::milliseconds wait_max);

  // The same in steps, for several drafts at once.
  void queue(ByteView encoded_draft);
  bool wants_to_write() const { return !out_.empty(); }
  int fd() const { return fd_.get(); }

  // Sends what the socket takes, reads what it has. An error means the connection is gone.
  Status send_some();
  Result<std::vector<wire::Reply>> receive_some();

 private:
  explicit Submitter(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
  std::string origin_;
  wire::FrameReader in_;
  Bytes out_;
};

}  // namespace phantom
