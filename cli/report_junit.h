#pragma once
// A verification report as JUnit XML (the dialect that Jenkins and GitLab read): one test case for
// each check. A failed check is a failure, an undecided one an error, others skipped. Pure.

#include "cli/report.h"

namespace phantom {

std::string report_to_junit(const Report& input);

}  // namespace phantom
