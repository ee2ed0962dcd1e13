#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/control_report.h"
#include "cli/environment.h"
#include "cli/log_access.h"
#include "cli/log_walk.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/verify_inputs.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "ledger/trust.h"
#include "ledger/verify.h"

#include <algorithm>

namespace phantom {
namespace {

struct ReportArgs {
  std::string framework;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::uint64_t> at;
  std::optional<std::string> html;
  std::optional<std::string> json;
  std::optional<std::string> ledger;
  std::optional<std::string> key;
};

// The newest checkpoint, or the one over exactly the events that were asked for.
Result<SignedCheckpoint> checkpoint_at(const LedgerReader& reader,
                                       const std::optional<std::uint64_t>& at) {
  if (!at) return reader.head();
  std::optional<SignedCheckpoint> found;
  if (*at > 0) {
    PH_TRY(reader.commits(*at - 1, [&](const SignedCheckpoint& commit) {
      found = commit;
      return false;
    }));
  }
  if (found && found->checkpoint.size == *at) return std::move(*found);
  return Error{Code::kInvalid,
               "the ledger has no checkpoint over " + std::to_string(*at) + " events",
               "a checkpoint ends each commit: take the size from a report or from phantom audit "
               "head"};
}

// The ledger up to now, which the report's checkpoint is part of.
Result<VerifyReport> verify(Environment& environment, const ReportArgs& args, const OpenLog& log) {
  VerifyOptions options;
  options.ledger = log.directory;
  if (args.key) {
    PH_ASSIGN(options.key, read_verifier_key(*args.key));
  }
  if (log.own) {
    PH_ASSIGN(const Home home, environment.home());
    const std::string& origin = log.reader->head().checkpoint.origin;
    if (!options.key) {
      PH_ASSIGN(options.key, pinned_key(home, origin));
    }
    PH_ASSIGN(const auto trusted, pinned_checkpoint(home, origin));
    if (trusted) {
      options.trust = trusted->note;
      options.depth = VerifyDepth::kIncremental;
    }
  }
  Progress progress("events verified");
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); };
  return verify_ledger(options);
}

// What was verified goes at least as far as the report does; what came after is not its subject.
ReportVerification summed_up(const VerifyReport& report, std::uint64_t size) {
  ReportVerification summary;
  summary.verdict = verdict_name(report.verdict);
  summary.rung = rung_name(report.rung);
  summary.checked_size = report.head ? std::min(report.head->size, size) : 0;
  if (report.verdict == Verdict::kVerified) return summary;
  for (const Check* check : findings(report)) {
    summary.findings.push_back(check->id + ": " + escape_terminal(finding_text(*check)));
  }
  return summary;
}

void print_summary(Output& out, const ControlReport& report, const std::string& hash,
                   const ReportVerification& verification) {
  out.line(report.framework->title + ", " + format_time(report.period.from_ns).substr(0, 19) +
           "Z to " + format_time(report.period.to_ns).substr(0, 19) + "Z, " +
           std::to_string(report.events) + " events");
  if (report.period.cut_to) out.line("removed         " + removed_text(*report.period.cut_to));
  for (std::size_t i = 0; i < report.requirements.size(); ++i) {
    const RequirementEvidence& found = report.requirements[i];
    const Requirement& asked = report.framework->requirements[i];
    std::string id = asked.id;
    if (id.size() < 16) id.resize(16, ' ');
    out.line(id +
             (found.count == 0
                  ? std::string(kNoEvidence)
                  : std::to_string(found.count) + " events, " + std::to_string(found.first) +
                        " to " + std::to_string(found.last)) +
             "  " + asked.title);
  }
  std::uint64_t gaps = 0;
  report_gaps(report.uptime, gaps);
  out.line("recording       " + std::to_string(gaps) + " gaps, " +
           std::to_string(report.uptime.lost) + " recorders lost");
  out.line("anchors         " + std::to_string(report.anchored) + ", problems " +
           std::to_string(report.anchor_problems.count));
  out.line("erased          " + std::to_string(report.erasures.count) + " subjects, prunes " +
           std::to_string(report.prunes.count) + ", exports " +
           std::to_string(report.exports.count));
  out.line("checkpoint      " + std::to_string(report.checkpoint.size) + " events, root " +
           to_hex(report.checkpoint.root));
  out.line("verification    " + verification.verdict + ", " + verification.rung);
  out.line("replay hash     " + hash);
  out.line(kReportClaim);
}

// The note line by line: nothing of a ledger reaches a file unescaped.
std::string note_text(std::string_view note) {
  std::string text;
  while (!note.empty()) {
    const std::size_t end = std::min(note.find('\n'), note.size());
    text += escape_terminal(note.substr(0, end)) + "\n";
    note.remove_prefix(std::min(end + 1, note.size()));
  }
  return text;
}

Result<int> report(Environment& environment, const ReportArgs& args) {
  const Framework* framework = find_framework(args.framework);
  if (framework == nullptr) {
    return Error{Code::kInvalid, "a report needs a framework", "for example --framework soc2"};
  }
  PH_ASSIGN(const PeriodBounds bounds, parse_bounds(args.from, args.to));
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  PH_ASSIGN(const SignedCheckpoint at, checkpoint_at(*log.reader, args.at));
  PH_ASSIGN(const LedgerIdentity identity, read_identity(*log.reader));
  PH_ASSIGN(const Period period, read_period(*log.reader, at.checkpoint.size, bounds));
  PH_ASSIGN(const VerifyReport verified, verify(environment, args, log));

  ControlFold fold(*framework, period);
  PH_TRY(walk_log(*log.reader, 0, at.checkpoint.size,
                  [&](const schema::Entry& entry) { return fold.take(entry); }));
  ControlReport result = fold.finish();
  result.checkpoint = at.checkpoint;
  result.checkpoint_note = note_text(at.note);
  result.ledger_id = identity.ledger_id;
  result.vkey = identity.vkey;

  if (period.cut_to) note_removed(environment, *log.reader, 0);
  const std::string evidence = evidence_json(result);
  const std::string hash = replay_hash(evidence);
  const ReportVerification verification = summed_up(verified, at.checkpoint.size);
  if (args.json) {
    PH_TRY(write_output_file(*args.json, as_bytes(report_document(evidence, verification))));
  }
  if (args.html) {
    PH_TRY(write_output_file(*args.html, as_bytes(report_html(result, hash, verification))));
  }
  print_summary(environment.out(), result, hash, verification);
  record_about_log(environment, log,
                   audit_reported(environment.context(), framework->name, at.checkpoint.size,
                                  at.checkpoint.root));
  return verified.exit_code;
}

std::vector<std::string> framework_names() {
  std::vector<std::string> names;
  for (const Framework& each : frameworks()) names.push_back(each.name);
  return names;
}

}  // namespace

Command audit_report_command() {
  const auto args = std::make_shared<ReportArgs>();
  Command command;
  command.words = {"audit", "report"};
  command.summary = "point at the events that are evidence for the requirements of a framework";
  command.description =
      "For each requirement: which events were looked for, how many there are, the first, the last "
      "and a few between, what they show and what they do not. Beside it gaps in recording, "
      "anchors, erased subjects, prunes, exports, and the checkpoint all of it was computed at. A "
      "requirement without events has no evidence in the period; no requirement is ever said to be "
      "met.\n"
      "The ledger is verified first, from the trusted checkpoint on where there is one; the report "
      "says what came of it. The evidence is the same bytes each time at the same checkpoint, "
      "whose SHA-256 is the replay hash: --at takes the size of an earlier one. The report is "
      "recorded as audit.reported.\n"
      "Exit codes are those of phantom audit verify.";
  command.options = {
      {"framework", "NAME", "whose requirements", &args->framework, framework_names()},
      {"from", "POINT", "from this event number or time on", &args->from},
      {"to", "POINT", "up to this event number or time, without it", &args->to},
      {"at", "SIZE", "at the checkpoint over so many events, in place of the newest", &args->at},
      {"html", "FILE", "write a page for browser and printer", &args->html},
      {"json", "FILE", "write the same as JSON", &args->json},
      {"ledger", "DIR", "another ledger than one's own", &args->ledger},
      {"key", "VKEY", "the log's verifier key, or a file with it", &args->key}};
  command.run = [args](Environment& environment) { return report(environment, *args); };
  return command;
}

}  // namespace phantom
