#pragma once
// A verification report for people: a line a check, escaped for a terminal. Pure.

#include "cli/report.h"

namespace phantom {

std::string report_to_text(const Report& input);

}  // namespace phantom
