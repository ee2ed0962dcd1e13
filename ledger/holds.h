#pragma once
// Holds: events that must stay whatever a retention policy says. A pure projection over the events
// under the tag audit:holds.

#include "events/draft.h"
#include "events/entry_filter.h"
#include "events/result.h"
#include "ledger/reader.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct Hold {
  std::string name;
  std::string query;  // canonical; empty covers every event
  EntryFilter filter;
  Seq added = 0;
  std::int64_t added_ns = 0;
};

// In force at the reader's snapshot, by name. kCorrupt when events make no sense: nothing may be
// removed then.
Result<std::vector<Hold>> read_holds(const LedgerReader& reader);

// 1 to 64 of a-z 0-9 . _ -
bool is_hold_name(std::string_view name);

// Producers. `last` is the newest event under the hold's tag: nothing else may have happened to it
// meanwhile.
Draft hold_added(const Context& context, const std::string& name, const std::string& query,
                 std::optional<Seq> last);
Draft hold_released(const Context& context, const std::string& name, std::optional<Seq> last);

}  // namespace phantom
