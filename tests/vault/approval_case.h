#pragma once
// One call that waits for a person, as the tests of several processes agree on it.

#include "events/producers.h"
#include "schema/events_generated.h"
#include "vault/approval_desk.h"

namespace phantom::test {

inline Context agent_context() {
  Context context;
  context.component = "cli";
  context.actor_kind = ActorKind::Agent;
  context.actor_id = "a1";
  context.session = "m1";
  context.project = "demo";
  return context;
}

inline ApprovalRequest race_request() {
  ApprovalRequest request;
  request.tool = "phantom_remove_secret";
  request.arguments = R"({"name":"KEY"})";
  request.secret_names = {"KEY"};
  return request;
}

inline Draft tool_requested(const Context& context, const std::string& id,
                            const ApprovalRequest& request) {
  return make_draft<schema::McpToolRequested>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        const auto tool = builder.CreateString(request.tool);
        const Digest digest = arguments_digest(request.arguments);
        const auto arguments = builder.CreateVector(digest.data(), digest.size());
        const auto effect = builder.CreateString("effect");
        const auto approval = builder.CreateString(id);
        return schema::CreateMcpToolRequested(builder, tool, arguments, effect, approval);
      });
}

}  // namespace phantom::test
