#pragma once
// A verification report as Markdown, to be added to the summary of a job. Pure.

#include "cli/report.h"

namespace phantom {

// Nothing of what was checked becomes markup: it stands in an indented block.
std::string report_to_summary(const Report& report);

}  // namespace phantom
