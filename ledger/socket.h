#pragma once
// Unix sockets by path, without the 108-byte limit of their addresses.

#include "events/draft.h"
#include "events/result.h"

#include <filesystem>
#include <utility>
#include <vector>

namespace phantom {

// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const { return fd_; }
  bool good() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Non-blocking, close-on-exec. The socket file gets mode 0600; one that is there is replaced.
Result<Fd> listen_unix(const std::filesystem::path& path);
// kNotFound when nobody listens.
Result<Fd> connect_unix(const std::filesystem::path& path);
// The process at the other end. kDenied when the kernel does not tell.
Result<Peer> peer_of(const Fd& socket);
// Its groups when it connected: its own first, then the further ones.
Result<std::vector<std::uint32_t>> peer_groups(const Fd& socket);

Result<Fd> make_event_fd();
void signal_event(const Fd& event);
void drain_event(const Fd& event);

}  // namespace phantom
