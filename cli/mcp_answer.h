#pragma once
// What a tool answers, from what happened. Pure.

#include "cli/mcp_tool.h"
#include "cli/run_program.h"
#include "vault/approval.h"

namespace phantom {

// Code of a result that nobody waits for any more.
inline constexpr int kCallCancelled = 1;

McpResult error_result(const Error& error);
// The command a person has to type.
McpResult advice_result(const std::string& command);
// The approval that a person has to grant first.
McpResult approval_result(const Approval& approval);
// The output of the child, held to what the tool says it answers.
McpResult child_result(const McpTool& tool, const Result<ProgramEnd>& end);

}  // namespace phantom
