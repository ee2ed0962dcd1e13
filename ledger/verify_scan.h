#pragma once
// Reads all entries in order and prepares them for the fold on several threads, a bounded part of
// the ledger at a time.

#include "ledger/store_reader.h"
#include "ledger/verify_entry.h"
#include "ledger/verify_report.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace phantom {

// Calls work(0) .. work(count - 1), each once, on up to `threads` threads.
void parallel_for(std::size_t count, unsigned threads,
                  const std::function<void(std::size_t)>& work);

// The facts of some entries in order, and what stopped them.
struct ScanPart {
  std::vector<EntryFacts> facts;
  std::optional<Failure> failure;
};

// Calls `take` with one part after the other, on this thread, while the next one is prepared on
// others. Stops after a part with a failure or when `take` returns false. `size` is the number of
// entries there must be; more or fewer is a failure.
void scan_entries(const StoreReader& rows, std::uint64_t size, unsigned threads,
                  const std::function<bool(ScanPart&)>& take);

}  // namespace phantom
