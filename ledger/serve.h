#pragma once
// The ledger's writer as a service of its own: `phantom ledger serve`.

#include "ledger/appender.h"
#include "ledger/door.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace phantom {

struct ServeOptions {
  AppenderOptions appender;
  // Beside the ledger's own socket, which stays for the own user.
  std::optional<Door> door;
  // Called once, when events are taken.
  std::function<void()> ready;
  // Called after that with a way to record events of the service's own; what it gives is destroyed
  // before the service stops recording.
  std::function<std::shared_ptr<void>(std::function<Result<Receipt>(Draft)> append)> beside;
  // Between heartbeats of the service, and who they are by; 0: none.
  std::chrono::nanoseconds heartbeat{0};
  Context context;
};

// Serves submitters until `stop_fd` is readable; what was accepted by then is answered. Takes the
// lease at once; kBusy, with its process id, when another process has it.
Status serve_ledger(const Home& home, const ServeOptions& options, int stop_fd);

}  // namespace phantom
