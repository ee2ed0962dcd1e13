#pragma once
// The stretch of time a report is about, from --from and --to. The same for every report: the
// first event, or later; up to the newest event at the checkpoint, or another time.

#include "events/entry_filter.h"
#include "ledger/reader.h"

namespace phantom {

struct Period {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;  // without it, when it was asked for; else right after the newest event
};

// Of the first `size` events, at least one. A number stands for the time of that event. kInvalid:
// there is no such event, or the period ends before it begins.
Result<Period> read_period(const LedgerReader& reader, std::uint64_t size,
                           const std::optional<LogPoint>& from, const std::optional<LogPoint>& to);

}  // namespace phantom
