#pragma once
// A word on the person's desktop that a question waits. Says neither arguments nor names of
// secrets: other programs can read what is shown there.

#include "cli/actor.h"
#include "cli/run_program.h"

#include <optional>
#include <string>

namespace phantom {

// The program to run; none without a desktop. Pure.
std::optional<ProgramRun> approval_notice(const ReadVariable& variable, const std::string& id,
                                          const std::string& tool);

// Runs it, for at most two seconds. A desktop that shows nothing is no error: the answer to the
// call says the same. Call it for a question that was just recorded and not for one that was asked
// before; the bound on open questions is then the bound on notices.
void show_approval_notice(const ReadVariable& variable, const std::string& id,
                          const std::string& tool);

}  // namespace phantom
