#pragma once
// Removes the beginning of a ledger, on record. docs/FORMAT.md section 18.
//
// Steps, and what a crash after each leaves:
//   1. ledger.prune.requested committed  -> nothing is removed; the next run goes on, or asks anew
//   2. bundles turned into hashes, step by step, in order -> a removed prefix that the request
//      covers; readers and verification take it as it is, the next run goes on
//   3. ledger.prune.completed committed  -> done; the store may still hold the bytes
//   4. the store compacted               -> the bytes are gone from its files

#include "events/draft.h"
#include "events/result.h"
#include "ledger/appender.h"
#include "ledger/home.h"
#include "ledger/prune.h"
#include "ledger/reader.h"
#include "ledger/store_reader.h"

#include <functional>
#include <string>

namespace phantom {

struct PruneOrder {
  Seq first_kept = 0;  // a multiple of 256
  std::string policy;
  std::uint64_t cutoff_ns = 0;
  std::uint32_t holds = 0;
  std::uint64_t step_events = kPruneStepEvents;  // a multiple of 256
};
// Called when nobody else can record any more, so that what it sees stays true. An error is handed
// on, and nothing was changed.
using DecidePrune = std::function<Result<PruneOrder>(const LedgerReader& reader)>;

// The hash of the rows of tags that only events before `first_kept` have, as the rows are.
Result<Digest> removed_tags(const StoreReader& rows, Seq first_kept);

struct Pruned {
  Seq first_kept = 0;
  Seq requested = 0;  // number of the event; 0 when there was nothing to do
  Seq completed = 0;
};

// Takes the lease for as long as it takes: kBusy, with the process id, while there is a writer.
// Goes on with an order that was cut off when `decide` gives the same number. Readers are never
// blocked.
Result<Pruned> prune_ledger(
    const Home& home, const Context& context, const AppenderOptions& options,
    const DecidePrune& decide,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});

}  // namespace phantom
