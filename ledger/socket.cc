#include "ledger/socket.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace phantom {
namespace {

constexpr int kBacklog = 64;

Error socket_error(const char* operation, const std::filesystem::path& path) {
  const int number = errno;
  const Code code = number == ENOENT || number == ECONNREFUSED ? Code::kNotFound
                    : number == EACCES || number == EPERM      ? Code::kDenied
                    : number == EAGAIN                         ? Code::kBusy
                                                               : Code::kIo;
  return {code, std::string(operation) + " " + path.string() + ": " + std::strerror(number)};
}

// An address goes through the directory's descriptor, since home directories may be deep.
struct Address {
  Fd directory;
  sockaddr_un address{};
};

Result<Address> address_of(const std::filesystem::path& path) {
  Address out;
  out.directory = Fd(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!out.directory.good()) return socket_error("open", path.parent_path());
  const std::string name =
      "/proc/self/fd/" + std::to_string(out.directory.get()) + "/" + path.filename().string();
  PH_CHECK(name.size() < sizeof out.address.sun_path, "socket name");
  out.address.sun_family = AF_UNIX;
  std::memcpy(out.address.sun_path, name.c_str(), name.size() + 1);
  return out;
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Fd> listen_unix(const std::filesystem::path& path) {
  PH_ASSIGN(const Address address, address_of(path));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return socket_error("replace", path);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.good()) return socket_error("make socket", path);
  // Linux gives the socket file the mode of the socket itself.
  if (::fchmod(fd.get(), 0600) != 0) return socket_error("protect", path);
  const auto* raw = reinterpret_cast<const sockaddr*>(&address.address);
  if (::bind(fd.get(), raw, sizeof address.address) != 0) return socket_error("bind", path);
  if (::listen(fd.get(), kBacklog) != 0) return socket_error("listen on", path);
  return fd;
}

Result<Fd> connect_unix(const std::filesystem::path& path) {
  PH_ASSIGN(const Address address, address_of(path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.good()) return socket_error("make socket", path);
  const auto* raw = reinterpret_cast<const sockaddr*>(&address.address);
  if (::connect(fd.get(), raw, sizeof address.address) != 0)
    return socket_error("connect to", path);
  return fd;
}

Result<Peer> peer_of(const Fd& socket) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return Error{Code::kDenied, std::string("peer credentials: ") + std::strerror(errno)};
  }
  return Peer{static_cast<std::uint32_t>(credentials.uid),
              static_cast<std::uint32_t>(credentials.pid)};
}

Result<std::vector<std::uint32_t>> peer_groups(const Fd& socket) {
  const auto unknown = [] {
    return Error{Code::kDenied, std::string("peer groups: ") + std::strerror(errno)};
  };
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return unknown();
  }
  std::vector<gid_t> further(64);
  for (;;) {
    length = static_cast<socklen_t>(further.size() * sizeof(gid_t));
    const bool told =
        ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERGROUPS, further.data(), &length) == 0;
    if (!told && errno != ERANGE) return unknown();
    further.resize(length / sizeof(gid_t));  // what is needed, if it was too small
    if (told) break;
  }
  std::vector<std::uint32_t> groups{static_cast<std::uint32_t>(credentials.gid)};
  groups.insert(groups.end(), further.begin(), further.end());
  return groups;
}

Result<Fd> make_event_fd() {
  Fd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd.good()) return Error{Code::kIo, std::string("eventfd: ") + std::strerror(errno)};
  return fd;
}

void signal_event(const Fd& event) {
  const std::uint64_t one = 1;
  // EAGAIN means it is signalled already. Nobody would wake a thread that missed its signal.
  constexpr int kTriesMax = 10;
  for (int i = 0; i < kTriesMax; ++i) {
    if (::write(event.get(), &one, sizeof one) >= 0 || errno == EAGAIN) return;
  }
}

void drain_event(const Fd& event) {
  std::uint64_t value = 0;
  if (::read(event.get(), &value, sizeof value) < 0) return;
}

}  // namespace phantom
