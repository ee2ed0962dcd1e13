#pragma once
// What init would change, as a unified diff without context that shows no value: old ones are
// <value of NAME>, new ones <placeholder of NAME>. Comments behind a value are left out. Pure.

#include "cli/init_plan.h"

#include <string>
#include <vector>

namespace phantom {

// Of one dotenv file; `entries` as in PlannedEdit.
std::string dotenv_diff(const DotenvOnDisk& file, const std::vector<std::size_t>& entries);

// Of a file that is made, or that gets lines at its end.
std::string appended_diff(const std::string& name, const std::string& before,
                          const std::string& after);

}  // namespace phantom
