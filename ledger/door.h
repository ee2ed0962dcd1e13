#pragma once
// A socket of the ledger's writer and who may submit there. The kernel says who is at the other
// end.

#include "ledger/socket.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace phantom {

// Beside the server's own user, who always may.
struct Admission {
  std::vector<std::uint32_t> uids;
  std::vector<std::uint32_t> gids;
};

struct Door {
  std::filesystem::path path;
  Admission admission;
  bool under_lease = false;  // who holds the lease may take it from whoever listens there
};

// Pure. `gids`: the caller's groups, its own and the further ones.
bool admits(const Admission& admission, std::uint32_t own_uid, std::uint32_t uid,
            std::span<const std::uint32_t> gids);

// The user at the other end, when the door lets it in; kDenied, with a hint for the one refused.
Result<Peer> let_in(const Fd& connection, const Admission& admission);

// Mode 0600 for the own user alone; 0660 and the group for one group; else 0666, where only the
// kernel's word counts. A socket of a server that is gone is replaced. kBusy: somebody listens
// there. kExists: something else lies there. kDenied: the group is not one of this process's, or
// others may write to the directory.
Result<Fd> open_door(const Door& door);

// kDenied when others than its owner may put a socket there.
Status check_socket_directory(const std::filesystem::path& socket);

}  // namespace phantom
