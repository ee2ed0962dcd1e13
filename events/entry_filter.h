#pragma once
// Which events a person asked for. Pure.

#include "events/draft.h"
#include "events/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace phantom {

// A place in the log: a sequence number or a ledger time in ns.
struct SeqPoint {
  Seq seq = 0;
  friend bool operator==(const SeqPoint&, const SeqPoint&) = default;
};
struct TimePoint {
  std::int64_t time_ns = 0;
  friend bool operator==(const TimePoint&, const TimePoint&) = default;
};
using LogPoint = std::variant<SeqPoint, TimePoint>;

// "1234", "2026-11-23" (midnight UTC) or RFC 3339 "2026-11-23T18:16:00[.123][Z|+01:00]".
Result<LogPoint> parse_log_point(std::string_view text);

struct EntryFilter {
  std::optional<LogPoint> from;    // this one and later
  std::optional<LogPoint> to;      // earlier than this one
  std::vector<std::string> types;  // dotted names; "proxy.*" stands for all that start so
  std::string session;
  std::string secret;  // name, of any project; or project/name
  std::string project;
  std::string actor;    // id, kind or agent tool
  std::string outcome;  // ok, denied, failed, partial

  bool matches(const schema::Entry& entry) const;
};

// The canonical form of a filter, the same bytes for the same question: "from=12 to=@1790000000
// type=proxy.* secret=p_1/KEY", one space between, in the order of the fields above, types sorted
// and each once. A number is an event, @ and a number ns since 1970. Bytes of a value that are not
// printable ASCII, and space and %, are %XX. Empty for a filter that takes everything.
std::string query_text(const EntryFilter& filter);
// kInvalid for anything query_text does not write.
Result<EntryFilter> parse_query(std::string_view text);

// The part of [0, size) outside which nothing fits, by what the filter says about numbers.
std::pair<Seq, Seq> seq_range(const EntryFilter& filter, std::uint64_t size);

// kInvalid for a type no event has, or an unknown outcome.
Status check_filter(const EntryFilter& filter);

}  // namespace phantom
