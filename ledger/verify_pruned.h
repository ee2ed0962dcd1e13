#pragma once
// What verification asks of a ledger whose beginning was removed: that an event says so, and that
// what stays of the removed part is what the tree was made of. docs/FORMAT.md section 18.

#include "ledger/prune.h"
#include "ledger/store_reader.h"
#include "ledger/verify_base.h"
#include "ledger/verify_report.h"

#include <functional>
#include <optional>
#include <string_view>

namespace phantom {

// How many events were removed, by the rows. A failure: the rows that say so make no sense, or the
// store's format says otherwise.
struct RemovedPrefix {
  Seq first_kept = 0;
  std::optional<Failure> failure;
};
RemovedPrefix read_removed_prefix(const StoreReader& rows, std::string_view format,
                                  std::uint64_t size);

// The event that allows the removal, once the walk found nothing wrong with the entries. `root_of`
// gives the root of the first events. The newest request is what counts; one that asks for more
// than was removed is a prune that was cut off.
struct FoundRequest {
  std::optional<PruneRequest> request;
  std::optional<Failure> failure;
};
FoundRequest find_prune_request(const StoreReader& rows, const VerifyBase& base, Seq first_kept,
                                std::uint64_t size,
                                const std::function<Result<Digest>(std::uint64_t)>& root_of);

}  // namespace phantom
