#include "vault/approval_desk.h"

#include "events/envelope.h"
#include "events/tags.h"
#include "vault/approval_events.h"

#include <sodium.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

namespace phantom {
namespace {

// Somebody else's refusals move the tag too, so a conflict is no verdict: look again.
constexpr int kAttemptsMax = 64;

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Error needs_vault() {
  return {Code::kDenied, "the vault of this project has to be open to make or check an approval",
          "unlock the vault"};
}

Error keeps_changing(const std::string& id) {
  return {Code::kBusy, "the approval " + id + " keeps changing", "try again"};
}

bool same_seal(const Bytes& seal, const Digest& expected) {
  return seal.size() == expected.size() &&
         sodium_memcmp(seal.data(), expected.data(), expected.size()) == 0;
}

std::optional<std::string> approval_of(const schema::Entry& entry) {
  if (entry.tags() == nullptr) return std::nullopt;
  constexpr std::string_view kPrefix = "approval:";
  for (const schema::Tag* tag : *entry.tags()) {
    const std::string_view name(tag->name()->data(), tag->name()->size());
    if (name.starts_with(kPrefix) && is_approval_id(name.substr(kPrefix.size()))) {
      return std::string(name.substr(kPrefix.size()));
    }
  }
  return std::nullopt;
}

}  // namespace

struct ApprovalDesk::Impl {
  Appender& appender;
  LedgerReader& reader;
  const Clock& clock;
  Random& random;
  std::mutex mutex;  // guards reader and random

  // The ledger at one moment.
  struct Snapshot {
    std::int64_t now_ns = 0;
    std::optional<Approval> approval;
  };

  std::int64_t now_locked() {
    std::int64_t now = clock.wall_ns();
    const std::uint64_t size = reader.head().checkpoint.size;
    if (size == 0) return now;
    if (const Result<Bytes> newest = reader.entry(size - 1); newest.ok()) {
      if (const auto entry = parse_entry(*newest); entry.ok()) {
        now = std::max(now, (*entry)->time_ns());
      }
    }
    return now;
  }

  Result<std::optional<Approval>> fold_locked(const std::string& id) {
    std::vector<std::pair<Seq, Bytes>> entries;
    const Status walked = reader.history(approval_tag(id), [&entries](Seq seq, const Bytes& bytes) {
      entries.emplace_back(seq, bytes);
      return true;
    });
    // A history that begins somewhere in the middle proves nothing about what was used.
    if (!walked.ok() && walked.error().code == Code::kNotFound) return std::optional<Approval>();
    PH_TRY(walked.ok() ? Status() : Status(walked.error()));
    ApprovalFold fold(id);
    for (auto at = entries.rbegin(); at != entries.rend(); ++at) {
      PH_TRY(fold.add(at->first, at->second));
    }
    return fold.result();
  }

  Result<Snapshot> look(const std::string& id) {
    const std::lock_guard lock(mutex);
    PH_TRY(reader.catch_up());
    Snapshot snapshot;
    snapshot.now_ns = now_locked();
    if (is_approval_id(id)) {
      PH_ASSIGN(snapshot.approval, fold_locked(id));
    }
    return snapshot;
  }

  Result<bool> has_vault(const std::string& project) {
    const std::lock_guard lock(mutex);
    PH_ASSIGN(const std::optional<TagState> state, reader.tag(vault_tag(project)));
    return state.has_value();
  }

  // The seal of what is allowed: empty for a project without a vault.
  Result<Bytes> seal_of(const Approval& approval, std::int64_t expires_ns,
                        const ApprovalSealer& sealer) {
    if (sealer) {
      const Digest seal = sealer(grant_text(approval, expires_ns));
      return Bytes(seal.begin(), seal.end());
    }
    PH_ASSIGN(const bool vault, has_vault(approval.project));
    if (vault) return needs_vault();
    return Bytes();
  }

  Result<bool> seal_holds(const Approval& approval, const ApprovalSealer& sealer) {
    PH_ASSIGN(const bool vault, has_vault(approval.project));
    if (!vault) return true;
    if (!sealer) return needs_vault();
    return same_seal(approval.seal, sealer(grant_text(approval, approval.sealed_expires_ns)));
  }

  // Says that the time went by. Once: the condition lets one process win, the others need not.
  Status note_expired(const Context& context, const Approval& approval) {
    Draft draft = approval_expired(context, approval);
    draft.conditions.push_back({approval_tag(approval.id), approval.newest_seq});
    const Result<Receipt> receipt = appender.append(std::move(draft));
    if (receipt.ok() || receipt.error().code == Code::kConflict) return {};
    return receipt.error();
  }

  Status note_expired_if(const Context& context, const Approval& approval, std::int64_t now_ns) {
    const bool waits = approval.state == ApprovalState::kAsked ||
                       approval.state == ApprovalState::kGranted ||
                       approval.state == ApprovalState::kStanding;
    if (!waits || is_open(approval, now_ns) || approval.project != context.project) return {};
    return note_expired(context, approval);
  }

  // Records the refusal and returns what the caller is told. The refusal stands either way.
  Error refusal(const Context& context, const std::string& id,
                const std::optional<Approval>& approval, const ApprovalRequest& request,
                ApprovalVerdict verdict) {
    Error error = verdict_error(verdict, id);
    const ApprovalKnown known = approval ? ApprovalKnown::kYes : ApprovalKnown::kNo;
    const Result<Receipt> receipt = appender.append(
        approval_refused(context, id, known, request.tool, arguments_digest(request.arguments),
                         verdict_reason(verdict)));
    if (!receipt.ok())
      error.message += " (and that was not recorded: " + receipt.error().message + ")";
    return error;
  }

  // Approvals of a project, newest first, whose first event may be as old as `since_ns`.
  struct Listed {
    std::int64_t now_ns = 0;
    std::optional<Seq> newest_seq;  // of the project's approval events
    std::vector<Approval> approvals;
  };
  Result<Listed> list(const std::string& project, std::int64_t length_max) {
    const std::lock_guard lock(mutex);
    PH_TRY(reader.catch_up());
    Listed listed;
    listed.now_ns = now_locked();
    std::vector<std::string> ids;
    std::set<std::string> seen;
    std::optional<Error> failed;
    const Status walked = reader.history(approvals_tag(project), [&](Seq seq, const Bytes& bytes) {
      if (!listed.newest_seq) listed.newest_seq = seq;
      Result<const schema::Entry*> entry = parse_entry(bytes);
      if (!entry.ok()) {
        failed = std::move(entry.error());
        return false;
      }
      if (length_max > 0 && (*entry)->time_ns() < listed.now_ns - length_max) return false;
      if (std::optional<std::string> id = approval_of(**entry); id && seen.insert(*id).second) {
        ids.push_back(std::move(*id));
      }
      return ids.size() < kListedMax;
    });
    if (failed) return std::move(*failed);
    // Older ones that were removed are no longer open in any case.
    if (!walked.ok() && walked.error().code != Code::kNotFound) return walked.error();
    for (const std::string& id : ids) {
      PH_ASSIGN(std::optional<Approval> approval, fold_locked(id));
      if (approval && approval->project == project) {
        listed.approvals.push_back(std::move(*approval));
      }
    }
    return listed;
  }

  std::string new_id() {
    const std::lock_guard lock(mutex);
    return make_approval_id(random);
  }
};

ApprovalDesk::ApprovalDesk(Appender& appender, LedgerReader& reader, const Clock& clock,
                           Random& random)
    : impl_(new Impl{appender, reader, clock, random, {}}) {}

ApprovalDesk::~ApprovalDesk() = default;

Result<Approval> ApprovalDesk::ask(const Context& context, const ApprovalRequest& asked) {
  PH_TRY(check_request(asked));
  if (context.project.empty() || context.session.empty()) {
    return Error{Code::kInvalid, "an approval belongs to a project and a session"};
  }
  ApprovalRequest request = asked;
  request.secret_names = sorted(request.secret_names);
  request.hosts = sorted(request.hosts);
  const Digest digest = arguments_digest(request.arguments);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    PH_ASSIGN(const Impl::Listed listed, impl_->list(context.project, kQuestionNs + kGrantNs));
    std::size_t of_session = 0;
    std::size_t of_project = 0;
    for (const Approval& approval : listed.approvals) {
      if (approval.standing) continue;
      if (!is_open(approval, listed.now_ns)) {
        PH_TRY(impl_->note_expired_if(context, approval, listed.now_ns));
        continue;
      }
      if (approval.session == context.session && approval.tool == request.tool &&
          approval.arguments_digest == digest && approval.secret_names == request.secret_names &&
          approval.hosts == request.hosts) {
        return approval;
      }
      if (approval.state != ApprovalState::kAsked) continue;
      ++of_project;
      if (approval.session == context.session) ++of_session;
    }
    if (of_session >= kOpenPerSessionMax || of_project >= kOpenPerProjectMax) {
      return Error{Code::kLimit,
                   std::to_string(of_session) + " questions of this session and " +
                       std::to_string(of_project) + " of this project wait for a person already",
                   "have them answered with 'phantom approve' or 'phantom deny' first"};
    }
    const std::string id = impl_->new_id();
    Draft draft = approval_asked(context, id, request, listed.now_ns + kQuestionNs);
    draft.conditions.push_back({approval_tag(id), std::nullopt});
    // Nobody else asked meanwhile: the bound and "the same question once" hold across processes.
    // What was just recorded as expired moves this tag as well, and the next round sees it.
    draft.conditions.push_back({approvals_tag(context.project), listed.newest_seq});
    const Result<Receipt> receipt = impl_->appender.append(std::move(draft));
    if (!receipt.ok()) {
      if (receipt.error().code == Code::kConflict) continue;
      return receipt.error();
    }
    PH_ASSIGN(const Impl::Snapshot snapshot, impl_->look(id));
    if (!snapshot.approval)
      return Error{Code::kInternal, "a question that was recorded is not there"};
    return *snapshot.approval;
  }
  return Error{Code::kBusy, "too many questions are asked at the same time", "try again"};
}

Result<std::optional<std::string>> ApprovalDesk::standing_for(const Context& context,
                                                              const ApprovalRequest& request) {
  PH_ASSIGN(const Impl::Listed listed, impl_->list(context.project, kStandingNsMax));
  for (const Approval& approval : listed.approvals) {
    if (approval.standing &&
        judge_approval(approval, context, request, listed.now_ns) == ApprovalVerdict::kUsable) {
      return std::optional<std::string>(approval.id);
    }
  }
  return std::optional<std::string>();
}

Result<Receipt> ApprovalDesk::use(const Context& context, const std::string& id,
                                  const ApprovalRequest& request, const Draft& effect,
                                  const ApprovalSealer& sealer) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    PH_ASSIGN(const Impl::Snapshot snapshot, impl_->look(id));
    ApprovalVerdict verdict = judge_approval(snapshot.approval, context, request, snapshot.now_ns);
    if (verdict == ApprovalVerdict::kUsable) {
      PH_ASSIGN(const bool holds, impl_->seal_holds(*snapshot.approval, sealer));
      if (!holds) verdict = ApprovalVerdict::kBadSeal;
    }
    if (verdict != ApprovalVerdict::kUsable) {
      if (snapshot.approval) {
        PH_TRY(impl_->note_expired_if(context, *snapshot.approval, snapshot.now_ns));
      }
      return impl_->refusal(context, id, snapshot.approval, request, verdict);
    }
    Draft draft = effect;
    draft.tags.push_back(approval_tag(id));
    draft.conditions.push_back({approval_tag(id), snapshot.approval->newest_seq});
    draft.cause_seq = snapshot.approval->granted_seq;
    // The commit point: this append is both the use of the approval and the request of the effect.
    Result<Receipt> receipt = impl_->appender.append(std::move(draft));
    if (receipt.ok() || receipt.error().code != Code::kConflict) return receipt;
  }
  return keeps_changing(id);
}

Result<std::optional<Approval>> ApprovalDesk::look(const std::string& id) {
  PH_ASSIGN(Impl::Snapshot snapshot, impl_->look(id));
  return std::move(snapshot.approval);
}

Result<std::vector<Approval>> ApprovalDesk::list(const Context& context, Which which) {
  const std::int64_t length_max = which == Which::kAll ? 0 : kStandingNsMax;
  PH_ASSIGN(Impl::Listed listed, impl_->list(context.project, length_max));
  std::vector<Approval> out;
  for (Approval& approval : listed.approvals) {
    const bool open = is_open(approval, listed.now_ns);
    if (!open) {
      PH_TRY(impl_->note_expired_if(context, approval, listed.now_ns));
      const bool waits = approval.state == ApprovalState::kAsked ||
                         approval.state == ApprovalState::kGranted ||
                         approval.state == ApprovalState::kStanding;
      if (waits) approval.state = ApprovalState::kExpired;
    }
    if (open || which == Which::kAll) out.push_back(std::move(approval));
  }
  return out;
}

Result<Approval> ApprovalDesk::grant(const Context& context, const std::string& id,
                                     const ApprovalSealer& sealer) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    PH_ASSIGN(const Impl::Snapshot snapshot, impl_->look(id));
    if (!snapshot.approval) return verdict_error(ApprovalVerdict::kUnknown, id);
    const Approval& approval = *snapshot.approval;
    if (approval.project != context.project) {
      return verdict_error(ApprovalVerdict::kOtherProject, id);
    }
    if (!is_open(approval, snapshot.now_ns) || approval.standing) {
      PH_TRY(impl_->note_expired_if(context, approval, snapshot.now_ns));
      const bool over = approval.state == ApprovalState::kAsked;
      return Error{Code::kDenied,
                   "the approval " + id + " is " +
                       (over ? "expired" : approval_state_name(approval.state)) +
                       " and cannot be answered",
                   "'phantom approvals' lists what waits for an answer"};
    }
    if (approval.state == ApprovalState::kGranted) {
      // A grant that somebody without the vault's key recorded keeps nobody from a real one.
      PH_ASSIGN(const bool holds, impl_->seal_holds(approval, sealer));
      if (holds) return Error{Code::kExists, "the approval " + id + " is granted already"};
      ApprovalRequest request;
      request.tool = approval.tool;
      (void)impl_->refusal(context, id, approval, request, ApprovalVerdict::kBadSeal);
      PH_ASSIGN(const Impl::Snapshot again, impl_->look(id));
      if (!again.approval || again.approval->state != ApprovalState::kGranted) continue;
      PH_ASSIGN(const Approval granted,
                append_grant(context, *again.approval, again.now_ns, sealer));
      return granted;
    }
    Result<Approval> granted = append_grant(context, approval, snapshot.now_ns, sealer);
    if (!granted.ok() && granted.error().code == Code::kConflict) continue;
    return granted;
  }
  return keeps_changing(id);
}

Result<Approval> ApprovalDesk::append_grant(const Context& context, const Approval& approval,
                                            std::int64_t now_ns, const ApprovalSealer& sealer) {
  const std::int64_t expires_ns = now_ns + kGrantNs;
  PH_ASSIGN(const Bytes seal, impl_->seal_of(approval, expires_ns, sealer));
  Draft draft = approval_granted(context, approval, expires_ns, seal);
  draft.conditions.push_back({approval_tag(approval.id), approval.newest_seq});
  PH_ASSIGN(const Receipt receipt, impl_->appender.append(std::move(draft)));
  PH_ASSIGN(const Impl::Snapshot snapshot, impl_->look(approval.id));
  // Recorded just after the time to answer was over, it counts for nothing.
  if (!snapshot.approval || snapshot.approval->granted_seq < receipt.seq) {
    return verdict_error(ApprovalVerdict::kQuestionExpired, approval.id);
  }
  return *snapshot.approval;
}

Status ApprovalDesk::deny(const Context& context, const std::string& id) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    PH_ASSIGN(const Impl::Snapshot snapshot, impl_->look(id));
    if (!snapshot.approval) return verdict_error(ApprovalVerdict::kUnknown, id);
    const Approval& approval = *snapshot.approval;
    if (approval.project != context.project) {
      return verdict_error(ApprovalVerdict::kOtherProject, id);
    }
    if (approval.standing) {
      return Error{Code::kInvalid, id + " is a standing grant",
                   "take it back with 'phantom approvals revoke " + id + "'"};
    }
    if (!is_open(approval, snapshot.now_ns)) {
      PH_TRY(impl_->note_expired_if(context, approval, snapshot.now_ns));
      return Error{Code::kDenied, "the approval " + id + " is not open any more",
                   "'phantom approvals --all' shows what became of it"};
    }
    Draft draft = approval_denied(context, approval);
    draft.conditions.push_back({approval_tag(id), approval.newest_seq});
    const Result<Receipt> receipt = impl_->appender.append(std::move(draft));
    if (receipt.ok()) return {};
    if (receipt.error().code != Code::kConflict) return receipt.error();
  }
  return keeps_changing(id);
}

Status ApprovalDesk::refuse(const Context& context, const std::string& id, Reason reason) {
  PH_ASSIGN(const Impl::Snapshot snapshot, impl_->look(id));
  const std::optional<Approval>& approval = snapshot.approval;
  PH_TRY(impl_->appender.append(
      approval_refused(context, id, approval ? ApprovalKnown::kYes : ApprovalKnown::kNo,
                       approval ? approval->tool : std::string(),
                       approval ? approval->arguments_digest : Digest{}, reason)));
  return {};
}

Result<Approval> ApprovalDesk::allow(const Context& context, const StandingTerms& terms,
                                     const ApprovalSealer& sealer) {
  ApprovalRequest request;
  request.tool = terms.tool;
  request.secret_names = terms.secret_names;
  PH_TRY(check_request(request));
  if (context.project.empty()) return Error{Code::kInvalid, "a grant belongs to a project"};
  if (terms.uses_max == 0 || terms.uses_max > kStandingUsesMax) {
    return Error{Code::kInvalid,
                 "a grant is for 1 to " + std::to_string(kStandingUsesMax) + " uses"};
  }
  if (terms.for_ns <= 0 || terms.for_ns > kStandingNsMax) {
    return Error{Code::kInvalid, "a grant is for at most 30 days"};
  }
  Approval approval;
  approval.id = impl_->new_id();
  approval.standing = true;
  approval.state = ApprovalState::kStanding;
  approval.tool = terms.tool;
  approval.project = context.project;
  approval.secret_names = sorted(terms.secret_names);
  approval.uses_max = terms.uses_max;
  PH_ASSIGN(const Impl::Snapshot before, impl_->look(approval.id));
  approval.sealed_expires_ns = before.now_ns + terms.for_ns;
  PH_ASSIGN(approval.seal, impl_->seal_of(approval, approval.sealed_expires_ns, sealer));
  Draft draft = approval_grant_added(context, approval);
  draft.conditions.push_back({approval_tag(approval.id), std::nullopt});
  PH_TRY(impl_->appender.append(std::move(draft)));
  PH_ASSIGN(const Impl::Snapshot after, impl_->look(approval.id));
  if (!after.approval) return Error{Code::kInternal, "a grant that was recorded is not there"};
  return *after.approval;
}

Status ApprovalDesk::revoke(const Context& context, const std::string& id) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    PH_ASSIGN(const Impl::Snapshot snapshot, impl_->look(id));
    if (!snapshot.approval) return verdict_error(ApprovalVerdict::kUnknown, id);
    const Approval& approval = *snapshot.approval;
    if (approval.project != context.project) {
      return verdict_error(ApprovalVerdict::kOtherProject, id);
    }
    if (!approval.standing) {
      return Error{Code::kInvalid, id + " is not a standing grant",
                   "say no to a question with 'phantom deny " + id + "'"};
    }
    if (approval.state != ApprovalState::kStanding) {
      return Error{Code::kDenied,
                   "the grant " + id + " is " + approval_state_name(approval.state) + " already"};
    }
    Draft draft = approval_grant_revoked(context, approval);
    draft.conditions.push_back({approval_tag(id), approval.newest_seq});
    const Result<Receipt> receipt = impl_->appender.append(std::move(draft));
    if (receipt.ok()) return {};
    if (receipt.error().code != Code::kConflict) return receipt.error();
  }
  return keeps_changing(id);
}

}  // namespace phantom
