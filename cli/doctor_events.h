#pragma once
// Producer of the event about an examination.

#include "events/draft.h"

#include <string>
#include <vector>

namespace phantom {

// Names of checks. context.project may be empty.
Draft doctor_examined(const Context& context, const std::vector<std::string>& problems,
                      const std::vector<std::string>& mended);

}  // namespace phantom
