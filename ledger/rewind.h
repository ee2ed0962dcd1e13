#pragma once
// A ledger as it was: what a backup holds, and what somebody who puts one back makes of it. For
// `audit selftest` and tests. Pure but for the rows it reads.

#include "events/result.h"
#include "ledger/store.h"
#include "ledger/store_reader.h"

#include <vector>

namespace phantom {

// The changes that take the rows of a ledger of `size` events back to those of its commit over
// `to_size` events, 0 < to_size <= size, row for row. Costs what is taken back, not what stays.
Result<RowChanges> rewind_rows(const StoreReader& rows, std::uint64_t size, std::uint64_t to_size);

// Sizes of the newest `count_max` commits, ascending; none that events were removed of.
Result<std::vector<std::uint64_t>> newest_commits(const StoreReader& rows, std::size_t count_max);

// The bytes of a head file whose newest note is this one.
Bytes head_file_of(std::string_view note);

}  // namespace phantom
