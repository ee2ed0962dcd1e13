#pragma once
// A verification report as people and programs read it. Pure.

#include "ledger/verify.h"

#include <string>

namespace phantom {

const char* verdict_name(Verdict verdict);       // VERIFIED, FAILED, INDETERMINATE
const char* check_state_name(CheckState state);  // pass, fail, ...
std::string rung_name(int rung);                 // "L3 append-only", "none"

// `subject` says what was checked.
std::string report_to_text(const VerifyReport& report, const std::string& subject);
std::string report_to_json(const VerifyReport& report, const std::string& subject);

}  // namespace phantom
