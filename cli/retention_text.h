#pragma once
// A retention plan for people and programs. Pure.

#include "ledger/retention_plan.h"

#include <string>

namespace phantom {

std::string plan_to_text(const RetentionPlan& plan, const RetentionRule& rule);
std::string plan_to_json(const RetentionPlan& plan, const RetentionRule& rule);

}  // namespace phantom
