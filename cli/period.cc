#include "cli/period.h"

#include "events/envelope.h"

#include <algorithm>

namespace phantom {
namespace {

Result<std::int64_t> time_of(const LedgerReader& reader, std::uint64_t size, Seq seq) {
  if (seq >= size) {
    return Error{Code::kInvalid, "the ledger has no event " + std::to_string(seq) + " yet"};
  }
  PH_ASSIGN(const Bytes bytes, reader.entry(seq));
  PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
  // Of a ledger that nobody verified it can be anything.
  return std::clamp<std::int64_t>(entry->time_ns(), 0, std::int64_t{1} << 62);
}

Result<std::int64_t> time_of(const LedgerReader& reader, std::uint64_t size,
                             const LogPoint& point) {
  if (const auto* time = std::get_if<TimePoint>(&point)) return time->time_ns;
  return time_of(reader, size, std::get<SeqPoint>(point).seq);
}

}  // namespace

Result<Period> read_period(const LedgerReader& reader, std::uint64_t size,
                           const std::optional<LogPoint>& from, const std::optional<LogPoint>& to) {
  Period period;
  if (from) {
    PH_ASSIGN(period.from_ns, time_of(reader, size, *from));
  } else {
    PH_ASSIGN(period.from_ns, time_of(reader, size, 0));
  }
  if (to) {
    PH_ASSIGN(period.to_ns, time_of(reader, size, *to));
  } else {
    PH_ASSIGN(const std::int64_t newest, time_of(reader, size, size - 1));
    period.to_ns = newest + 1;
  }
  if (period.to_ns <= period.from_ns) {
    return Error{Code::kInvalid, "the period ends before it begins"};
  }
  return period;
}

}  // namespace phantom
