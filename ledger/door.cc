#include "ledger/door.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

Error door_error(const char* operation, const std::filesystem::path& path) {
  const int number = errno;
  return {number == EACCES || number == EPERM ? Code::kDenied : Code::kIo,
          std::string(operation) + " " + path.string() + ": " + std::strerror(number)};
}

// What a server that was killed left behind may go, and nothing else.
Status clear_way(const Door& door) {
  const std::filesystem::path& path = door.path;
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return door_error("look at", path);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return Error{Code::kExists, path.string() + " is there and is not a socket",
                 "name another path for the socket"};
  }
  if (!door.under_lease && connect_unix(path).ok()) {
    return Error{Code::kBusy, "another process listens on " + path.string(),
                 "end it, or name another path for the socket"};
  }
  return {};
}

}  // namespace

bool admits(const Admission& admission, std::uint32_t own_uid, std::uint32_t uid,
            std::span<const std::uint32_t> gids) {
  if (uid == own_uid) return true;
  if (std::find(admission.uids.begin(), admission.uids.end(), uid) != admission.uids.end()) {
    return true;
  }
  return std::find_first_of(gids.begin(), gids.end(), admission.gids.begin(),
                            admission.gids.end()) != gids.end();
}

Result<Peer> let_in(const Fd& connection, const Admission& admission) {
  PH_ASSIGN(const Peer peer, peer_of(connection));
  std::vector<std::uint32_t> gids;
  if (!admission.gids.empty()) {
    PH_ASSIGN(gids, peer_groups(connection));
  }
  if (admits(admission, ::geteuid(), peer.uid, gids)) return peer;
  return Error{
      Code::kDenied, "the ledger does not take events from user " + std::to_string(peer.uid),
      admission.uids.empty() && admission.gids.empty()
          ? "use a home of your own (PHANTOM_HOME), or the socket of a ledger's service"
          : "its administrator can let you in: 'phantom ledger serve' has --allow-group and "
            "--allow-uid"};
}

Result<Fd> open_door(const Door& door) {
  const Admission& admission = door.admission;
  const bool own_only = admission.uids.empty() && admission.gids.empty();
  PH_TRY(check_socket_directory(door.path));
  PH_TRY(clear_way(door));
  PH_ASSIGN(Fd listener, listen_unix(door.path));
  if (own_only) return listener;
  unsigned mode = 0666;
  if (admission.uids.empty() && admission.gids.size() == 1) {
    mode = 0660;
    if (::chown(door.path.c_str(), static_cast<uid_t>(-1), admission.gids[0]) != 0) {
      Error error = door_error("give to the group", door.path);
      error.hint =
          "the server's user has to be a member of that group (SupplementaryGroups= in "
          "the unit)";
      ::unlink(door.path.c_str());
      return error;
    }
  }
  if (::chmod(door.path.c_str(), mode) != 0) return door_error("open", door.path);
  return listener;
}

Status check_socket_directory(const std::filesystem::path& socket) {
  const std::filesystem::path directory = socket.parent_path();
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0) {
    Error error = door_error("look at", directory);
    if (errno == ENOENT || errno == ENOTDIR) error.code = Code::kNotFound;
    return error;
  }
  if ((info.st_mode & 0022) == 0) return {};
  return Error{Code::kDenied,
               "others may write to " + directory.string() +
                   ", and so could put a socket of their own at " + socket.string(),
               "use a directory that only the service's user writes to, mode 0755"};
}

}  // namespace phantom
