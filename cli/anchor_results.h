#pragma once
// How results of anchoring are shown, and which exit code they give.

#include "cli/anchor_push.h"
#include "cli/output.h"

#include <vector>

namespace phantom {

std::string anchor_results_json(const std::vector<AnchorResult>& results);
void show_anchor_results(Output& out, const std::vector<AnchorResult>& results);
// 1 for a contradiction, then the first failure's, else 0.
int exit_code_of(const std::vector<AnchorResult>& results);

}  // namespace phantom
