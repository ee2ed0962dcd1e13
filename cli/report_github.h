#pragma once
// A verification report as workflow commands of GitHub Actions, which become annotations: errors
// for failed checks, warnings for undecided ones and a notice with the verdict, at most 10. Pure.

#include "cli/report.h"

namespace phantom {

std::string report_to_github(const Report& input);

}  // namespace phantom
