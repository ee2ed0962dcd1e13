#pragma once
// How checks become a verdict.

#include "events/result.h"
#include "ledger/verify.h"

#include <optional>
#include <string>
#include <string_view>

namespace phantom {

// The first thing that was wrong: what a report calls the root cause.
struct Failure {
  std::string check;
  std::string reason;
  std::optional<Seq> seq = {};
  // What is no contradiction leaves the check undecided: 74 or 77 for a read error, 3 for
  // something written by a newer phantom.
  int exit_code = 1;
};

// 74 or 77 for the operating system's errors, 3 for kUnsupported; all else the stored bytes caused.
Failure failure_of(std::string_view check, const Error& error);

// All checks of a ledger, in order, not evaluated yet.
VerifyReport new_ledger_report();

void set_check(VerifyReport& report, std::string_view id, CheckState state,
               std::string reason = {});
// The check that failed. What is still open stays not evaluated.
void set_failure(VerifyReport& report, const Failure& failure);
bool has_failure(const VerifyReport& report);

// Fills verdict, exit code and rung from the checks.
void conclude(VerifyReport& report);

}  // namespace phantom
