#include "cli/log_walk.h"

#include "cli/progress.h"
#include "events/envelope.h"

#include <algorithm>

namespace phantom {

Status walk_log(const LedgerReader& reader, Seq from, Seq to,
                const std::function<Status(const schema::Entry&)>& visit) {
  to = std::min(to, reader.head().checkpoint.size);
  if (from >= to) return {};
  Progress progress("events");
  Status bad;
  PH_TRY(reader.scan(from, to, [&](Seq seq, const Bytes& bytes) {
    const auto entry = parse_entry(bytes);
    bad = entry.ok() ? visit(**entry) : Status(entry.error());
    progress.show(seq - from, to - from);
    return bad.ok();
  }));
  return bad;
}

}  // namespace phantom
