#pragma once
// What all forms of a verification report share. One form, one file: cli/report_<format>.h; the
// table of them is in cli/report_formats.cc. Pure.

#include "ledger/verify.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct Report {
  const VerifyReport& result;
  std::string subject;  // what was checked; bytes from outside
  // A file of the repository that a finding can be shown at: relative, never empty.
  std::string location = ".phantom.toml";
  // Where what was trusted before came from: "cache", "floor", "home", "none".
  std::string trust = "none";
};

const char* verdict_name(Verdict verdict);       // VERIFIED, FAILED, INDETERMINATE
const char* check_state_name(CheckState state);  // pass, fail, ...
std::string rung_name(int rung);                 // "L3 append-only", "none"
// The same for people, with the rungs below it that were not reached: L5 can be without L3 and L4.
std::string rung_text(const VerifyReport& report);
std::string seconds_text(std::int64_t ns);  // with one decimal
std::string plural(std::uint64_t count, const char* thing);
std::string joined(const std::vector<std::string>& items);

// What the report names, and every check that something before it kept from running.
std::vector<std::string> left_out(const VerifyReport& report);

// "events 0 to 767 under event 1234 (keep=400d)", and what to do when that is not all.
std::string pruned_text(const PrunedPart& pruned);

// What it means that the check holds, as one sentence; of an unknown check a general one.
std::string_view check_meaning(std::string_view id);
// The name of a check among those of other tools; never changes.
std::string check_rule(std::string_view id);

// True for what should stop a build: a contradiction, or a rule that is not kept.
bool is_violation(const Check& check);

// Checks that failed, then undecided ones; without either, what kept the verdict from VERIFIED.
std::vector<const Check*> findings(const VerifyReport& report);

// Whether the report is of a whole log, which can have grown since an earlier run.
bool is_of_log(const VerifyReport& report);

// The reason of a check, or what can be said without one: escaped for a terminal line by line, and
// cut to what every service shows.
std::string finding_text(const Check& check);

}  // namespace phantom
