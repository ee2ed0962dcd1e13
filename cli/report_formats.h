#pragma once
// The forms a verification report can take. A new one is a file cli/report_<format>.{h,cc} and a
// line in report_formats.cc.

#include "cli/report.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// Pure: the whole report, with its last line break.
using ReportFormat = std::string (*)(const Report& report);

// In the order the help shows them; the first is the default.
std::vector<std::string> report_format_names();
// Null when there is no such format.
ReportFormat find_report_format(std::string_view name);

}  // namespace phantom
