#pragma once
// A verification report as SARIF 2.1.0 (OASIS), for code scanning. One rule for each check, one
// result for each that failed or is undecided, at most 10. Every result has a file of the
// repository for its location, as GitHub refuses a whole report over one that has none. Pure.

#include "cli/report.h"

namespace phantom {

std::string report_to_sarif(const Report& input);

}  // namespace phantom
