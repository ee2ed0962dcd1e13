#pragma once
// How far an export is, kept in a file between runs: one JSON object. Written only after the events
// up to there have been handed over, so that a run after a crash repeats some and leaves none out.

#include "events/result.h"
#include "events/types.h"

#include <optional>
#include <string>
#include <string_view>

namespace phantom {

struct ExportState {
  std::string ledger_id;
  Seq after = 0;  // every event up to this one is done
  friend bool operator==(const ExportState&, const ExportState&) = default;
};

std::string export_state_text(const ExportState& state);
// kInvalid when it is none.
Result<ExportState> parse_export_state(std::string_view text);

// None when there is no such file. kInvalid when it is of another ledger.
Result<std::optional<ExportState>> read_export_state(const std::string& file,
                                                     const std::string& ledger_id);

}  // namespace phantom
