#pragma once
// The stretch of time a report is about, from --from and --to. The same for every report: the
// first event, or later; up to the newest event at the checkpoint, or another time.

#include "events/entry_filter.h"
#include "ledger/reader.h"

#include <optional>
#include <string>

namespace phantom {

struct Period {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;  // without it, when it was asked for; else right after the newest event
  // When it was to begin in events that were removed: the first that is left, where it begins now.
  std::optional<Seq> cut_to;
  // When any events were removed: the time of the first that is left.
  std::optional<std::int64_t> left_ns;
};

// What a person asked for.
struct PeriodBounds {
  std::optional<LogPoint> from;
  std::optional<LogPoint> to;
};
// The values of --from and --to. kInvalid: not a time and not a number.
Result<PeriodBounds> parse_bounds(const std::optional<std::string>& from,
                                  const std::optional<std::string>& to);

// Of the first `size` events, at least one. A number stands for the time of that event. kInvalid:
// there is no such event, or the period ends before it begins. kNotFound: all of it was removed.
Result<Period> read_period(const LedgerReader& reader, std::uint64_t size,
                           const PeriodBounds& bounds);

}  // namespace phantom
