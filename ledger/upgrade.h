#pragma once
// From a store of format phantom-ledger/1 to the format of this program. Entries, notes and head
// copy stay what they are, byte for byte; only the rows around them are made anew.
//
// The new store is made in ledger/upgrade.new and verified there, then two renames put it in place.
// What a crash leaves, and what the next attempt does:
//   db, upgrade.new           -> not finished: made anew
//   db.old, no db             -> between the renames: db.old is db again, then as above
//   db.old, db                -> done but for the removal of db.old

#include "events/clock.h"
#include "ledger/checkpoint.h"
#include "ledger/home.h"

#include <functional>
#include <string>

namespace phantom {

struct UpgradeOptions {
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
  const Clock* clock = &system_clock();
};

struct Upgraded {
  std::string format_before;
  std::string format;
  Checkpoint head;
  bool changed = false;  // false: it had this format already
};

// Takes the lease: kBusy, with the writer's process id, when there is a writer. kNotFound: no
// ledger, or no key to check it with. kCorrupt: the old store does not verify. kUnsupported: its
// format is newer.
Result<Upgraded> upgrade_ledger(const Home& home, const UpgradeOptions& options);

}  // namespace phantom
