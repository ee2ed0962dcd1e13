#include "proxy/mcp_events.h"

#include "events/producers.h"
#include "schema/events_generated.h"

namespace phantom {

Draft mcp_connected(const Context& context, const McpConnection& connection) {
  return make_draft<schema::McpConnected>(context, [&](auto& b) {
    return schema::CreateMcpConnectedDirect(b, connection.transport.c_str(),
                                            connection.protocol.c_str(), connection.client.c_str());
  });
}

Draft mcp_disconnected(const Context& context, std::uint64_t calls) {
  return make_draft<schema::McpDisconnected>(
      context, [&](auto& b) { return schema::CreateMcpDisconnected(b, calls); });
}

Draft mcp_tool_requested(const Context& context, const McpToolUse& use) {
  return make_draft<schema::McpToolRequested>(context, [&](auto& b) {
    const auto tool = b.CreateString(use.tool);
    const auto digest = b.CreateVector(use.arguments_digest.data(), use.arguments_digest.size());
    const auto effect = b.CreateString(use.effect);
    const auto approval = b.CreateString(use.approval);
    return schema::CreateMcpToolRequested(b, tool, digest, effect, approval);
  });
}

Draft mcp_tool_completed(const Context& context, const McpToolUse& use, Seq requested,
                         std::uint64_t duration_ns, Outcome outcome, Reason reason) {
  Draft draft = make_draft<schema::McpToolCompleted>(context, [&](auto& b) {
    return schema::CreateMcpToolCompletedDirect(b, use.tool.c_str(), duration_ns);
  });
  draft.cause_seq = requested;
  draft.outcome = outcome;
  draft.reason = reason;
  return draft;
}

Draft mcp_tool_denied(const Context& context, const McpToolUse& use, Reason reason) {
  Draft draft = make_draft<schema::McpToolDenied>(context, [&](auto& b) {
    const auto tool = b.CreateString(use.tool);
    const auto digest = b.CreateVector(use.arguments_digest.data(), use.arguments_digest.size());
    return schema::CreateMcpToolDenied(b, tool, digest);
  });
  draft.outcome = Outcome::Denied;
  draft.reason = reason;
  return draft;
}

Draft client_configured(const Context& context, const std::string& client,
                        const std::string& action) {
  return make_draft<schema::ClientConfigured>(context, [&](auto& b) {
    return schema::CreateClientConfiguredDirect(b, client.c_str(), action.c_str());
  });
}

}  // namespace phantom
