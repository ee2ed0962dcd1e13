#pragma once
// MCP over standard input and output: one message a line. Nothing else is written to standard
// output.

#include "cli/mcp_desk.h"
#include "ledger/socket.h"

namespace phantom {

// Serves until the end of input, or until `stop` is readable. Calls that are still running at the
// end of input get some seconds to end; then they are ended.
Status serve_mcp_stdio(McpDesk& desk, const Fd& stop);

}  // namespace phantom
