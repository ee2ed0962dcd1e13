#pragma once
// One pass over a stretch of the log, in order, with progress on the terminal.

#include "ledger/reader.h"
#include "schema/envelope_generated.h"

#include <functional>

namespace phantom {

// Every event of [from, to) that there is. `visit` must keep nothing of the entry.
Status walk_log(const LedgerReader& reader, Seq from, Seq to,
                const std::function<Status(const schema::Entry&)>& visit);

}  // namespace phantom
