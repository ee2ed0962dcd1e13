#pragma once
// Producers of the approval events. All are filed under approvals:<project>, and under
// approval:<id> but for a refusal of an id nobody ever asked for. Conditions are the caller's.

#include "vault/approval.h"

namespace phantom {

// Sealed fields: arguments, asker.
Draft approval_asked(const Context& context, const std::string& id, const ApprovalRequest& request,
                     std::int64_t expires_ns);
Draft approval_granted(const Context& context, const Approval& approval, std::int64_t expires_ns,
                       const Bytes& seal);
Draft approval_denied(const Context& context, const Approval& approval);
Draft approval_expired(const Context& context, const Approval& approval);

enum class ApprovalKnown { kYes, kNo };
Draft approval_refused(const Context& context, const std::string& id, ApprovalKnown known,
                       const std::string& tool, const Digest& presented, Reason reason);

// `approval`: a standing grant, its seal included.
Draft approval_grant_added(const Context& context, const Approval& approval);
Draft approval_grant_revoked(const Context& context, const Approval& approval);

}  // namespace phantom
