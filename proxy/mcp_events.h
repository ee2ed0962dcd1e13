#pragma once
// Producers of the events of the MCP server: arguments in, draft out. context.session names the
// connection in all of them.

#include "events/draft.h"

#include <string>

namespace phantom {

struct McpConnection {
  std::string transport;  // stdio or http
  std::string protocol;
  std::string client;  // letters, digits, dots and dashes
};
Draft mcp_connected(const Context& context, const McpConnection& connection);
Draft mcp_disconnected(const Context& context, std::uint64_t calls);

struct McpToolUse {
  std::string tool;  // a known one; empty when it is none
  Digest arguments_digest{};
  std::string effect;    // read or effect
  std::string approval;  // empty when it needs none
};
// For a use of an approval, tag and condition come from vault/approval_desk.h.
Draft mcp_tool_requested(const Context& context, const McpToolUse& use);
Draft mcp_tool_completed(const Context& context, const McpToolUse& use, Seq requested,
                         std::uint64_t duration_ns, Outcome outcome, Reason reason);
Draft mcp_tool_denied(const Context& context, const McpToolUse& use, Reason reason);

// A client's settings were given an entry for the server, or lost it: added, updated or removed.
Draft client_configured(const Context& context, const std::string& client,
                        const std::string& action);

}  // namespace phantom
