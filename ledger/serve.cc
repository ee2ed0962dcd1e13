#include "ledger/serve.h"

#include "ledger/heartbeat.h"
#include "ledger/layout.h"
#include "ledger/role.h"

#include <algorithm>
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

// Until `fd` is readable.
void wait_for(int fd, Heartbeat& heartbeat) {
  pollfd polled{fd, POLLIN, 0};
  for (;;) {
    int timeout_ms = -1;
    if (const auto due = heartbeat.until_due()) {
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*due).count();
      timeout_ms = static_cast<int>(std::min<std::int64_t>(ms, 60'000));
    }
    const int ready = ::poll(&polled, 1, timeout_ms);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return;
    heartbeat.tick();
  }
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
  std::shared_ptr<void> beside;
  if (options.beside) {
    beside = options.beside([&role, &options](Draft draft) {
      draft.id = make_event_id(*options.appender.clock, *options.appender.random);
      draft.occurred_ns = options.appender.clock->wall_ns();
      draft.mono_ns = options.appender.clock->mono_ns();
      draft.boot_id = options.appender.clock->boot_id();
      return role->writer->append(std::move(draft));
    });
  }
  Heartbeat::Options heartbeats;
  heartbeats.recorder = "service";
  heartbeats.interval = options.heartbeat;
  heartbeats.context = options.context;
  heartbeats.clock = options.appender.clock;
  heartbeats.random = options.appender.random;
  Heartbeat heartbeat(std::move(heartbeats), [&role](Draft draft) {
    role->writer->submit({std::move(draft), std::nullopt, [](const Result<Receipt>&) {}});
  });
  heartbeat.start();
  wait_for(stop_fd, heartbeat);
  beside.reset();
  heartbeat.stop();
  return role->close();
}

}  // namespace phantom
