#pragma once
// A run of `phantom audit verify` or `phantom-verify`, whatever the kind: reads what the caller
// handed over, runs the kind, reports, moves the trust state.

#include "cli/output.h"
#include "cli/verify_kinds.h"

#include <string>
#include <vector>

namespace phantom {

// What runs: its name for hints, the kinds it knows, and which one is meant when no flag says so
// (empty: none).
struct VerifyProgram {
  std::string name;
  std::vector<VerifyKind> kinds;
  std::string fallback = {};
  TimestampCheck timestamps = nullptr;  // see VerifyOptions
};

// The exit code: the report's; 74 when a report could not be written and none said FAILED. Without
// a report 2 for a wrong command line or input, 3 for one that is missing, 74 and 77.
Result<int> run_verify(Output& out, const VerifyProgram& program, VerifyArgs& args);

}  // namespace phantom
