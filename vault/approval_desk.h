#pragma once
// Where approvals are asked for, answered and used up. Keeps nothing: every call reads the ledger
// and appends under a condition, so two processes, or a killed one, cannot disagree about what an
// approval is worth.
//
// For a tool that needs a person:
//   without an id   1. standing_for(request): an id -> 2, none -> ask(request), tell the person
//   with an id      2. use(id, request, mcp.tool.requested): recorded -> do it; error -> do not

#include "ledger/appender.h"
#include "ledger/reader.h"
#include "vault/approval.h"

#include <memory>

namespace phantom {

// Safe from several threads when appender and reader are not used elsewhere meanwhile; calls that
// read take turns.
class ApprovalDesk {
 public:
  // All must outlive the desk. Time is the later one of the clock's and the newest event's, so that
  // a clock that was set back revives nothing.
  ApprovalDesk(Appender& appender, LedgerReader& reader, const Clock& clock = system_clock(),
               Random& random = system_random());
  ~ApprovalDesk();
  ApprovalDesk(const ApprovalDesk&) = delete;
  ApprovalDesk& operator=(const ApprovalDesk&) = delete;

  // Durable on return. The same open question of the same session gives the same approval and no
  // event. kLimit: this session, or the project, has too many open questions. kInvalid, kLimit:
  // see check_request. `context` must have project and session.
  Result<Approval> ask(const Context& context, const ApprovalRequest& request);

  // A standing grant that allows the request now; the seal is looked at by use().
  Result<std::optional<std::string>> standing_for(const Context& context,
                                                  const ApprovalRequest& request);

  // Uses the approval or standing grant up: `effect` (mcp.tool.requested) is appended with the
  // approval's tag, under the condition that nothing happened to the approval since it was checked,
  // caused by the grant. That append is the use: when it is recorded the approval is used and the
  // effect may happen; on any error the effect must not happen. Whatever does not fit is recorded
  // as approval.refused and returned as kDenied or kNotFound.
  // `sealer`: of the project's opened vault. Null only when the project has no vault: a project
  // whose ledger knows one refuses without it.
  Result<Receipt> use(const Context& context, const std::string& id, const ApprovalRequest& request,
                      const Draft& effect, const ApprovalSealer& sealer);

  // None: no such id.
  Result<std::optional<Approval>> look(const std::string& id);
  enum class Which { kOpen, kAll };
  // Of a project, newest first, at most kListedMax. Questions and grants whose time went by are
  // recorded as expired.
  Result<std::vector<Approval>> list(const Context& context, Which which);
  static constexpr std::size_t kListedMax = 1'000;

  // Answers of a person. Who may answer is checked before (cli/asker.h). kDenied: it is not open.
  Result<Approval> grant(const Context& context, const std::string& id,
                         const ApprovalSealer& sealer);
  Status deny(const Context& context, const std::string& id);
  // An answer that was not accepted because of who gave it; recorded, nothing else changes.
  Status refuse(const Context& context, const std::string& id, Reason reason);

  struct StandingTerms {
    std::string tool;
    std::vector<std::string> secret_names;
    std::uint32_t uses_max = 0;
    std::int64_t for_ns = 0;
  };
  Result<Approval> allow(const Context& context, const StandingTerms& terms,
                         const ApprovalSealer& sealer);
  Status revoke(const Context& context, const std::string& id);

 private:
  struct Impl;
  Result<Approval> append_grant(const Context& context, const Approval& approval,
                                std::int64_t now_ns, const ApprovalSealer& sealer);
  std::unique_ptr<Impl> impl_;
};

}  // namespace phantom
