#pragma once
// Walks a ledger's spans on several threads: each is read and hashed on its own, folded in order,
// and its commits are checked on its own again. Bounded memory: as many spans at once as threads.

#include "ledger/verify_commits.h"
#include "ledger/verify_fold.h"

#include <cstdint>
#include <functional>
#include <optional>

namespace phantom {

// Calls work(0) .. work(count - 1), each once, on up to `threads` threads.
void parallel_for(std::size_t count, unsigned threads,
                  const std::function<void(std::size_t)>& work);

struct WalkResult {
  // About the earliest event that anything is wrong with.
  std::optional<Failure> failure;
  std::uint64_t signatures_skipped = 0;
};

// Walks [fold's beginning, size). `progress` is called on this thread now and then with the events
// done.
WalkResult walk_spans(const StoreReader& rows, VerifyFold& fold, Seq from, Seq first_kept,
                      const Checkpoint& head, const SignatureScope& scope, unsigned threads,
                      const std::function<void(std::uint64_t)>& progress);

}  // namespace phantom
