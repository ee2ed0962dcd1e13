#pragma once
// The file of the repository at which services show the findings of a report. They accept relative
// paths only; the truth about where a finding is stands in the report itself.

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// The first of `files` that is below the working directory, relative to it; the project's
// configuration when none is. Pure but for the name of the working directory.
std::string report_location(const std::vector<std::string>& files);

// The path as a relative URI (RFC 3986), without leading "./" and "/"; "." when nothing is left.
std::string relative_uri(std::string_view path);

}  // namespace phantom
