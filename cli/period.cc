#include "cli/period.h"

#include "events/envelope.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr const char* kAllRemoved =
    "the events of this period were removed under a retention policy";

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
  const Seq seq = std::get<SeqPoint>(point).seq;
  // What was removed lies before what is left, whatever its time was.
  if (seq < reader.first_kept()) return 0;
  return time_of(reader, size, seq);
}

}  // namespace

Result<PeriodBounds> parse_bounds(const std::optional<std::string>& from,
                                  const std::optional<std::string>& to) {
  PeriodBounds bounds;
  if (from) {
    PH_ASSIGN(bounds.from, parse_log_point(*from));
  }
  if (to) {
    PH_ASSIGN(bounds.to, parse_log_point(*to));
  }
  return bounds;
}

Result<Period> read_period(const LedgerReader& reader, std::uint64_t size,
                           const PeriodBounds& bounds) {
  Period period;
  const Seq first = reader.first_kept();
  if (first >= size) return Error{Code::kNotFound, kAllRemoved};
  PH_ASSIGN(const std::int64_t earliest, time_of(reader, size, first));
  period.from_ns = first > 0 ? 0 : earliest;
  if (first > 0) period.left_ns = earliest;
  if (bounds.from) {
    PH_ASSIGN(period.from_ns, time_of(reader, size, *bounds.from));
  }
  if (first > 0 && period.from_ns < earliest) {
    period.from_ns = earliest;
    period.cut_to = first;
  }
  if (bounds.to) {
    PH_ASSIGN(period.to_ns, time_of(reader, size, *bounds.to));
  } else {
    PH_ASSIGN(const std::int64_t newest, time_of(reader, size, size - 1));
    period.to_ns = newest + 1;
  }
  if (period.cut_to && period.to_ns <= period.from_ns) {
    return Error{Code::kNotFound, kAllRemoved};
  }
  if (period.to_ns <= period.from_ns) {
    return Error{Code::kInvalid, "the period ends before it begins"};
  }
  return period;
}

}  // namespace phantom
