#pragma once
// A verification report for programs: one JSON object on one line, "v":1 first. Pure.

#include "cli/report.h"

namespace phantom {

std::string report_to_json(const Report& input);

}  // namespace phantom
