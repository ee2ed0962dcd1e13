#pragma once
// Producers of the events about erasure: arguments in, draft out. Filed under the subject, so that
// its whole history is one walk.

#include "events/draft.h"
#include "ledger/erasure.h"

#include <string>

namespace phantom {

struct EraseRequest {
  std::string subject;
  Digest commitment{};
  std::string basis;   // is_short_code
  std::string ticket;  // the same, or empty
};

Draft erase_requested(const Context& context, const EraseRequest& request);
Draft erase_completed(const Context& context, const Erasure& erasure);

// 1 to 64 of A-Z a-z 0-9 . _ -: fit to stand in an event in clear.
bool is_short_code(std::string_view text);

}  // namespace phantom
