#pragma once
// What a check found, for people, for programs and for code scanning (SARIF 2.1.0). No form holds a
// value. Pure.

#include "cli/check_item.h"

#include <string>

namespace phantom {

std::string check_to_text(const CheckResult& result);
std::string check_to_json(const CheckResult& result, std::string_view scope);
std::string check_to_sarif(const CheckResult& result, std::string_view scope);

// One line that sums it up: "3 secrets in 2 files; 120 files looked at".
std::string check_summary(const CheckResult& result);

}  // namespace phantom
