#include "ledger/role.h"

#include "events/encoding.h"
#include "ledger/layout.h"
#include "ledger/trust.h"

#include <algorithm>
#include <thread>

namespace phantom {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;
constexpr milliseconds kRetryPause{2};
constexpr milliseconds kServicePauseMax{50};

milliseconds left_until(SteadyTime deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  return std::max(std::chrono::duration_cast<milliseconds>(left), kRetryPause);
}

// A home that pinned ledgers takes no other one for them.
Status check_pinned(const Home& home, const std::string& origin,
                    const std::filesystem::path& socket) {
  PH_ASSIGN(const bool pinned, any_pinned(home));
  if (!pinned) return {};
  const auto key = pinned_key(home, origin);
  if (key.ok() && *key && (*key)->name == origin) return {};
  return Error{Code::kCorrupt,
               "the service at " + socket.string() + " keeps the ledger " +
                   escape_terminal(origin) + ", which is not the one pinned in " +
                   home.trust().string(),
               "correct the socket's path, or pin the new ledger's key there if it is right"};
}

Error service_error(Error error, const std::filesystem::path& socket) {
  const std::string at = "the ledger's service at " + socket.string();
  switch (error.code) {
    case Code::kNotFound:
      return {Code::kBusy, at + " is not running; nothing was recorded",
              "start it: systemctl start phantom-ledger"};
    case Code::kBusy:
      return {Code::kBusy, at + " does not answer; nothing was recorded",
              "see what it does: systemctl status phantom-ledger"};
    case Code::kDenied:
      if (error.hint.empty()) {
        error.hint = "its administrator can let you in: add your user to the group of the socket";
      }
      return std::move(error).in(at);
    default:
      return std::move(error).in(at);
  }
}

Result<Role> find_service(const Home& home, const AppenderOptions& options) {
  const std::filesystem::path& socket = *options.service;
  const SteadyTime deadline = std::chrono::steady_clock::now() + options.wait_max;
  for (milliseconds pause = kRetryPause;; pause = std::min(pause * 2, kServicePauseMax)) {
    Status safe = check_socket_directory(socket);
    auto submitter = safe.ok() ? Submitter::connect(socket, left_until(deadline))
                               : Result<Submitter>(std::move(safe.error()));
    if (submitter.ok()) {
      PH_TRY(check_pinned(home, submitter->origin(), socket));
      Role role;
      role.submitter = std::move(*submitter);
      return role;
    }
    const Code code = submitter.error().code;
    const bool may_come = code == Code::kNotFound || code == Code::kBusy;
    if (!may_come || std::chrono::steady_clock::now() >= deadline) {
      return service_error(std::move(submitter.error()), socket);
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

Result<std::shared_ptr<WriterRole>> WriterRole::take(const Home& home, Lease lease,
                                                     const AppenderOptions& options,
                                                     const std::vector<Door>& further_doors) {
  WriterOptions writer_options;
  writer_options.clock = options.clock;
  writer_options.random = options.random;
  writer_options.queue_events_max = options.queue_events_max;
  writer_options.unlock = options.unlock;
  writer_options.store = options.store;
  writer_options.epoch_events_max = options.epoch_events_max;
  std::vector<Door> doors{{LedgerFiles{home.ledger()}.socket(), {}, true}};
  doors.insert(doors.end(), further_doors.begin(), further_doors.end());
  auto role = std::make_shared<WriterRole>();
  PH_ASSIGN(role->writer, Writer::open(home, std::move(lease), writer_options));
  PH_ASSIGN(role->server, SubmitServer::start(doors, *role->writer));
  return role;
}

Status WriterRole::close() {
  server->stop();
  return writer->close();
}

Result<Role> find_role(const Home& home, const AppenderOptions& options) {
  if (options.service) return find_service(home, options);
  const LedgerFiles files{home.ledger()};
  const SteadyTime deadline = std::chrono::steady_clock::now() + options.wait_max;
  for (;;) {
    auto lease = Lease::try_acquire(files.lock());
    if (lease.ok()) {
      Role role;
      PH_ASSIGN(role.writer, WriterRole::take(home, std::move(*lease), options, {}));
      return role;
    }
    if (lease.error().code == Code::kNotFound) {
      return Error{Code::kNotFound, "there is no ledger at " + files.directory.string(),
                   "run 'phantom init' in a project, or 'phantom ledger init'"};
    }
    if (lease.error().code != Code::kBusy) return std::move(lease.error());
    auto submitter = Submitter::connect(files.socket(), left_until(deadline));
    if (submitter.ok()) {
      Role role;
      role.submitter = std::move(*submitter);
      return role;
    }
    if (submitter.error().code == Code::kDenied) return std::move(submitter.error());
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{Code::kBusy, "another process holds the ledger and does not take events",
                   "see 'phantom status' for its process id"};
    }
    // Between the two the other process is starting or leaving.
    std::this_thread::sleep_for(kRetryPause);
  }
}

}  // namespace phantom
