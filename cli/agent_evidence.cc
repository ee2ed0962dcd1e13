#include "cli/agent_evidence.h"

#include "cli/doctor_facts.h"
#include "cli/verify_kinds.h"
#include "events/catalog.h"
#include "events/clock.h"
#include "events/envelope.h"
#include "events/payload.h"
#include "events/tags.h"

namespace phantom {
namespace {

// Events of a project that are looked at for calls of tools.
constexpr std::uint64_t kHistoryMax = 100'000;

std::string first_objection(const VerifyReport& report) {
  for (const Check& check : report.checks) {
    if (check.state != CheckState::kPass && check.state != CheckState::kSkipped &&
        !check.reason.empty()) {
      return check.id + ": " + check.reason;
    }
  }
  return "";
}

void verify_record(Environment& environment, GatheredEvidence& gathered) {
  AgentEvidence& evidence = gathered.evidence;
  const VerifyKind kind = ledger_kind(environment);
  VerifyArgs args;
  VerifyOptions options;
  const Result<Verified> verified = kind.run(args, options);
  if (!verified.ok()) {
    evidence.verdict_reason = verified.error().message;
    return;
  }
  const VerifyReport& report = verified->report;
  evidence.verdict = report.verdict;
  evidence.rung = report.rung;
  evidence.verdict_reason = first_objection(report);
  evidence.unanchored_events = report.unanchored_events;
  evidence.unanchored_ns = report.unanchored_ns;
  gathered.head = report.head;
}

Status look_at_values(DoctorContext& context, AgentEvidence& evidence) {
  PH_ASSIGN(const auto facts, look_at_vault(context));
  if (!facts || !facts->image) return {};
  evidence.has_vault = true;
  for (const VaultRecord& record : facts->image->records) {
    ++evidence.secrets;
    if (context.now_ns - record.changed_ns > kValueAgeNsMax) {
      evidence.old_values.push_back(record.name);
    }
  }
  return {};
}

// What led to the call is a person's answer: the event's own word would prove nothing.
bool was_granted(const LedgerReader& reader, const schema::Entry& call) {
  if (!call.cause_seq()) return false;
  const Result<Bytes> bytes = reader.entry(*call.cause_seq());
  if (!bytes.ok()) return false;
  const Result<const schema::Entry*> cause = parse_entry(*bytes);
  if (!cause.ok()) return false;
  const EventInfo* info = find_event((*cause)->type());
  return info != nullptr &&
         (info->name == "approval.granted" || info->name == "approval.grant.added");
}

// Calls and answers, newest first until they are too old.
Status look_at_calls(DoctorContext& context, AgentEvidence& evidence) {
  const std::string& project = context.project->config.project_id;
  std::uint64_t seen = 0;
  Payload payload;
  const Status walked = context.reader->history(project_tag(project), [&](Seq, const Bytes& bytes) {
    const Result<const schema::Entry*> entry = parse_entry(bytes);
    if (!entry.ok() || (*entry)->time_ns() < context.now_ns - kApprovalsLookedAtNs) return false;
    if (++seen > kHistoryMax) {
      evidence.history_complete = false;
      return false;
    }
    const EventInfo* info = find_event((*entry)->type());
    if (info == nullptr) return true;
    if (info->name == "approval.granted" || info->name == "approval.denied") {
      ++evidence.approvals_answered;
    } else if (info->name == "approval.refused" && (*entry)->reason() == Reason::BadSeal) {
      ++evidence.bad_seals;
    } else if (info->name == "mcp.tool.requested") {
      payload.read(**entry);
      if (payload.find("effect") == "effect") {
        ++evidence.effects;
        if (was_granted(*context.reader, **entry)) ++evidence.effects_approved;
      }
    }
    return true;
  });
  if (!walked.ok() && walked.error().code == Code::kNotFound) {
    evidence.history_complete = false;
    return {};
  }
  return walked;
}

Status look_at_recorders(DoctorContext& context, AgentEvidence& evidence) {
  for (const char* recorder : {"service", "session"}) {
    PH_ASSIGN(const auto state, context.reader->tag(recorder_tag(recorder)));
    if (!state) continue;
    const Result<Bytes> bytes = context.reader->entry(state->last_seq);
    if (!bytes.ok()) continue;
    PH_ASSIGN(const schema::Entry* entry, parse_entry(*bytes));
    const std::int64_t age = context.now_ns - entry->time_ns();
    if (!evidence.heartbeat_age_ns || age < *evidence.heartbeat_age_ns) {
      evidence.heartbeat_age_ns = age;
    }
  }
  return {};
}

}  // namespace

Result<GatheredEvidence> gather_evidence(Environment& environment) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  DoctorContext context = doctor_context(environment, home, here);
  GatheredEvidence gathered;
  gathered.now_ns = context.now_ns;
  AgentEvidence& evidence = gathered.evidence;
  for (const DoctorCheck& check : doctor_checks()) {
    evidence.examined.push_back({std::string(check.name), examine(check, context)});
  }
  verify_record(environment, gathered);
  // The id of a project this machine does not know belongs to somebody else's evidence.
  evidence.has_project = context.project.has_value() && context.is_bound;
  if (!evidence.has_project || context.reader == nullptr) return gathered;
  gathered.project = context.project->config.project_id;
  PH_TRY(context.reader->catch_up());
  PH_TRY(look_at_values(context, evidence));
  PH_TRY(look_at_calls(context, evidence));
  PH_TRY(look_at_recorders(context, evidence));
  return gathered;
}

}  // namespace phantom
