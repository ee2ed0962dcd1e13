#pragma once
// Looking a ledger over and mending what can be derived again: the head copy and leftovers. A copy
// of everything that is replaced stays in an evidence directory; the store is never touched.

#include "events/clock.h"
#include "events/draft.h"
#include "events/random.h"
#include "ledger/damage.h"
#include "ledger/home.h"
#include "ledger/key_seal.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace phantom {

struct RepairOptions {
  Context context;  // of the event about it
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
  const Clock* clock = &system_clock();
  Random* random = &system_random();
  KeyUnlock* unlock = nullptr;  // opens sealed key files
};

// Reads only. kDenied, kIo: the files cannot be looked at.
Result<ExaminedLedger> examine(const Home& home, const RepairOptions& options);

struct Repaired {
  std::vector<std::string> findings;  // names of what was mended
  std::string evidence;               // directory in the home that keeps what was replaced
};

// Mends every finding whose remedy is kRepair and records ledger.repaired, unless the store is in a
// state that nothing can be recorded in. Takes the lease: kBusy, with the writer's process id, when
// there is a writer.
Result<Repaired> repair(const Home& home, const std::vector<Finding>& findings,
                        const std::vector<std::string>& leftovers, const RepairOptions& options);

}  // namespace phantom
