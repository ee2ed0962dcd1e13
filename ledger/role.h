#pragma once
// What a process is to a ledger: its writer, or a submitter to whoever is.

#include "ledger/appender.h"
#include "ledger/door.h"
#include "ledger/server.h"
#include "ledger/submitter.h"
#include "ledger/writer.h"

#include <memory>
#include <optional>
#include <vector>

namespace phantom {

// The writer of this process together with the doors for the others.
struct WriterRole {
  std::unique_ptr<Writer> writer;
  std::unique_ptr<SubmitServer> server;

  // Opens the ledger under the lease. The ledger's own socket is always one of the doors.
  static Result<std::shared_ptr<WriterRole>> take(const Home& home, Lease lease,
                                                  const AppenderOptions& options,
                                                  const std::vector<Door>& further_doors);
  // Answers what was accepted, then lets the lease go.
  Status close();
};

struct Role {
  std::shared_ptr<WriterRole> writer;  // one of the two
  std::optional<Submitter> submitter;
};

// Takes the lease or finds the process that has it, whichever comes first. With `options.service`
// it only ever finds the service. Bounded by `options.wait_max`, then kBusy.
Result<Role> find_role(const Home& home, const AppenderOptions& options);

}  // namespace phantom
