#include "ledger/serve.h"

#include "ledger/layout.h"
#include "ledger/role.h"

#include <cerrno>
#include <poll.h>

namespace phantom {
namespace {

Error held_by_another(const LedgerFiles& files) {
  const auto holder = Lease::holder(files.lock());
  const bool known = holder.ok() && *holder && **holder > 0;
  const std::string process =
      known ? "process " + std::to_string(**holder) : std::string("another process");
  return {Code::kBusy, process + " already holds the ledger at " + files.directory.string(),
          known ? "it records for everybody while it lives; to take its place, end it: kill " +
                      std::to_string(**holder)
                : "try again"};
}

}  // namespace

Status serve_ledger(const Home& home, const ServeOptions& options, int stop_fd) {
  const LedgerFiles files{home.ledger()};
  auto lease = Lease::try_acquire(files.lock());
  if (!lease.ok()) {
    if (lease.error().code == Code::kBusy) return held_by_another(files);
    if (lease.error().code == Code::kNotFound) {
      return Error{Code::kNotFound, "there is no ledger at " + files.directory.string(),
                   "make one first: phantom ledger init"};
    }
    return std::move(lease.error());
  }
  std::vector<Door> doors;
  if (options.door) doors.push_back(*options.door);
  PH_ASSIGN(const std::shared_ptr<WriterRole> role,
            WriterRole::take(home, std::move(*lease), options.appender, doors));
  if (options.ready) options.ready();
  pollfd polled{stop_fd, POLLIN, 0};
  while (::poll(&polled, 1, -1) < 0) {
    if (errno != EINTR) break;
  }
  return role->close();
}

}  // namespace phantom
