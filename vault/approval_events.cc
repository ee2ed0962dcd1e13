#include "vault/approval_events.h"

#include "events/producers.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

using flatbuffers::FlatBufferBuilder;

auto digest_offset(FlatBufferBuilder& builder, const Digest& digest) {
  return builder.CreateVector(digest.data(), digest.size());
}

void file_under(Draft& draft, const std::string& id, const std::vector<std::string>& secrets = {}) {
  draft.tags.push_back(approval_tag(id));
  if (draft.context.project.empty()) return;
  draft.tags.push_back(approvals_tag(draft.context.project));
  for (const std::string& name : secrets) {
    std::string tag = secret_tag(draft.context.project, name);
    if (std::find(draft.tags.begin(), draft.tags.end(), tag) == draft.tags.end()) {
      draft.tags.push_back(std::move(tag));
    }
  }
}

}  // namespace

Draft approval_asked(const Context& context, const std::string& id, const ApprovalRequest& request,
                     std::int64_t expires_ns) {
  Draft draft = make_draft<schema::ApprovalAsked>(context, [&](FlatBufferBuilder& builder) {
    const auto name = builder.CreateString(id);
    const auto tool = builder.CreateString(request.tool);
    const auto digest = digest_offset(builder, arguments_digest(request.arguments));
    const auto secrets = builder.CreateVectorOfStrings(request.secret_names);
    const auto hosts = builder.CreateVectorOfStrings(request.hosts);
    return schema::CreateApprovalAsked(builder, name, tool, digest, secrets, hosts,
                                       static_cast<std::uint64_t>(expires_ns));
  });
  file_under(draft, id, request.secret_names);
  draft.to_seal.push_back({"arguments", request.arguments});
  if (!request.asker.empty()) draft.to_seal.push_back({"asker", request.asker});
  return draft;
}

Draft approval_granted(const Context& context, const Approval& approval, std::int64_t expires_ns,
                       const Bytes& seal) {
  Draft draft = make_draft<schema::ApprovalGranted>(context, [&](FlatBufferBuilder& builder) {
    const auto name = builder.CreateString(approval.id);
    const auto tool = builder.CreateString(approval.tool);
    const auto digest = digest_offset(builder, approval.arguments_digest);
    const auto code = builder.CreateVector(seal);
    return schema::CreateApprovalGranted(builder, name, tool, digest,
                                         static_cast<std::uint64_t>(expires_ns), code);
  });
  file_under(draft, approval.id, approval.secret_names);
  draft.cause_seq = approval.asked_seq;
  return draft;
}

Draft approval_denied(const Context& context, const Approval& approval) {
  Draft draft = make_draft<schema::ApprovalDenied>(context, [&](FlatBufferBuilder& builder) {
    return schema::CreateApprovalDeniedDirect(builder, approval.id.c_str(), approval.tool.c_str());
  });
  file_under(draft, approval.id);
  draft.cause_seq = approval.asked_seq;
  draft.outcome = Outcome::Denied;
  draft.reason = Reason::UserDeclined;
  return draft;
}

Draft approval_expired(const Context& context, const Approval& approval) {
  Draft draft = make_draft<schema::ApprovalExpired>(context, [&](FlatBufferBuilder& builder) {
    return schema::CreateApprovalExpiredDirect(builder, approval.id.c_str(), approval.tool.c_str());
  });
  file_under(draft, approval.id);
  draft.cause_seq = approval.granted_seq != 0 ? approval.granted_seq : approval.asked_seq;
  draft.outcome = Outcome::Denied;
  draft.reason = Reason::ApprovalExpired;
  return draft;
}

Draft approval_refused(const Context& context, const std::string& id, ApprovalKnown known,
                       const std::string& tool, const Digest& presented, Reason reason) {
  Draft draft = make_draft<schema::ApprovalRefused>(context, [&](FlatBufferBuilder& builder) {
    const auto name = builder.CreateString(is_approval_id(id) ? id : std::string());
    const auto tool_name = builder.CreateString(tool);
    const auto digest = digest_offset(builder, presented);
    return schema::CreateApprovalRefused(builder, name, tool_name, digest);
  });
  // A tag of its own for every id that is made up would let anybody fill the ledger with names.
  if (known == ApprovalKnown::kYes) {
    file_under(draft, id);
  } else if (!context.project.empty()) {
    draft.tags.push_back(approvals_tag(context.project));
  }
  draft.outcome = Outcome::Denied;
  draft.reason = reason;
  return draft;
}

Draft approval_grant_added(const Context& context, const Approval& approval) {
  Draft draft = make_draft<schema::ApprovalGrantAdded>(context, [&](FlatBufferBuilder& builder) {
    const auto name = builder.CreateString(approval.id);
    const auto tool = builder.CreateString(approval.tool);
    const auto secrets = builder.CreateVectorOfStrings(approval.secret_names);
    const auto code = builder.CreateVector(approval.seal);
    return schema::CreateApprovalGrantAdded(builder, name, tool, secrets, approval.uses_max,
                                            static_cast<std::uint64_t>(approval.sealed_expires_ns),
                                            code);
  });
  file_under(draft, approval.id, approval.secret_names);
  return draft;
}

Draft approval_grant_revoked(const Context& context, const Approval& approval) {
  Draft draft = make_draft<schema::ApprovalGrantRevoked>(context, [&](FlatBufferBuilder& builder) {
    return schema::CreateApprovalGrantRevokedDirect(builder, approval.id.c_str(),
                                                    approval.tool.c_str());
  });
  file_under(draft, approval.id);
  draft.cause_seq = approval.asked_seq;
  return draft;
}

}  // namespace phantom
