#pragma once
// One type of event in the history of a tag.

#include "events/catalog.h"
#include "events/envelope.h"
#include "ledger/reader.h"

#include <flatbuffers/flatbuffers.h>

#include <string_view>
#include <utility>

namespace phantom {

// Calls `visit(seq, entry, payload)` for each event of table T under the tag that ended well,
// newest first, until it returns false. Errors of LedgerReader::history, and kCorrupt for an event
// that does not read.
template <class T, class Visit>
Status visit_history_of(const LedgerReader& reader, std::string_view tag, Visit visit) {
  const EventNo wanted = event_no<T>();
  Status problem;
  const Status walked = reader.history(tag, [&](Seq seq, const Bytes& bytes) {
    const Result<const schema::Entry*> entry = parse_entry(bytes);
    if (!entry.ok()) {
      problem = entry.error();
      return false;
    }
    if ((*entry)->type() != wanted || (*entry)->outcome() != Outcome::Ok) return true;
    const auto* payload = (*entry)->payload();
    const ByteView view(payload->data(), payload->size());
    problem = check_payload(wanted, view);
    return problem.ok() && visit(seq, **entry, *flatbuffers::GetRoot<T>(view.data()));
  });
  PH_TRY(std::move(problem));
  return walked;
}

}  // namespace phantom
