#include "cli/agent_report.h"
#include "cli/commands.h"
#include "cli/log_key.h"
#include "cli/output_file.h"
#include "events/encoding.h"
#include "events/sha256.h"
#include "ledger/trust.h"

namespace phantom {
namespace {

struct ReportArgs {
  bool json = false;
  std::optional<std::string> file;
  std::string require;
  std::optional<std::string> check;
  std::optional<std::string> key;
};

constexpr std::size_t kReportBytesMax = 1'048'576;

void print_text(Output& out, const GatheredEvidence& gathered,
                const std::vector<AgentFinding>& findings) {
  const AgentLevel level = level_reached(findings);
  const std::string name = agent_level_name(level);
  out.line("level: " + (level == AgentLevel::kUnsafe ? out.red(name) : out.green(name)));
  if (gathered.head) {
    out.line("record: " + std::to_string(gathered.head->size) + " events, root " +
             to_hex(gathered.head->root));
  }
  for (const AgentFinding& finding : findings) {
    out.line(std::string("not ") + agent_level_name(finding.blocks) + ": " +
             escape_terminal(finding.sentence));
    if (!finding.advice.empty()) out.line("    " + escape_terminal(finding.advice));
  }
}

Result<VerifierKey> key_of(Environment& environment, const ReportArgs& args,
                           std::string_view origin) {
  if (args.key) return parse_verifier_key(*args.key);
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const auto pinned, pinned_key(home, origin));
  if (pinned) return *pinned;
  return Error{Code::kNotFound, "no key is pinned for the ledger of this report",
               "name the ledger's verifier key with --key"};
}

// Which ledger a report names is not believed before its key has signed for it.
Result<int> check(Environment& environment, const ReportArgs& args) {
  PH_ASSIGN(const Bytes bytes, read_file(*args.check, kReportBytesMax));
  const std::string_view note = as_text(bytes);
  PH_ASSIGN(const SignedNote parsed, parse_note(note));
  if (parsed.signatures.empty()) return Error{Code::kInvalid, "the report carries no signature"};
  PH_ASSIGN(const VerifierKey key, key_of(environment, args, parsed.signatures[0].name));
  PH_ASSIGN(const CheckedReport report, check_agent_report(note, key));
  if (args.json) {
    environment.out().line(report.json);
  } else {
    environment.out().line("signed by " + escape_terminal(key.name));
    environment.out().line("level: " + report.level + ", at " + std::to_string(report.head.size) +
                           " events, root " + to_hex(report.head.root));
  }
  if (args.require.empty() || *find_agent_level(report.level) >= *find_agent_level(args.require)) {
    return kExitOk;
  }
  return kExitPolicy;
}

Result<int> report(Environment& environment, const ReportArgs& args) {
  if (args.check) return check(environment, args);
  PH_ASSIGN(const GatheredEvidence gathered, gather_evidence(environment));
  const std::vector<AgentFinding> findings = judge_agent(gathered.evidence);
  const AgentLevel level = level_reached(findings);
  const std::string json = agent_report_json(gathered, findings);
  const std::string text = agent_report_text(json);
  if (args.file) {
    if (!gathered.head) {
      return Error{Code::kNotFound, "there is no record that could vouch for a report",
                   "run 'phantom init' in a project"};
    }
    PH_ASSIGN(const Home home, environment.home());
    PH_ASSIGN(const Signer signer, load_log_key(environment, home, gathered.head->origin));
    const std::string note =
        text + "\n" + signature_line(signer.verifier_key(), signer.sign(as_bytes(text)));
    PH_TRY(write_output_file(*args.file, as_bytes(note)));
  }
  if (args.json) {
    environment.out().line(json);
  } else {
    print_text(environment.out(), gathered, findings);
  }
  Context context = environment.context();
  context.project = gathered.project;
  const Result<Appender*> appender = environment.appender();
  const Result<Receipt> recorded =
      appender.ok() ? (*appender)->append(agent_reported(context, level, findings.size(),
                                                         sha256(as_bytes(text)),
                                                         gathered.head ? gathered.head->size : 0))
                    : Result<Receipt>(appender.error());
  // Without a record there is nothing to be on.
  if (!recorded.ok() && recorded.error().code != Code::kNotFound) {
    environment.out().note("warning: this report is not on record: " + recorded.error().message);
  }
  if (!args.require.empty() && level < *find_agent_level(args.require)) return kExitPolicy;
  return level == AgentLevel::kUnsafe ? kExitFailed : kExitOk;
}

}  // namespace

Command agent_report_command() {
  const auto args = std::make_shared<ReportArgs>();
  Command command;
  command.words = {"agent", "report"};
  command.summary = "how ready the project is for agents, with the evidence";
  command.description =
      "Examines the project as phantom doctor does, verifies the record, and looks at anchors, "
      "ages "
      "of values, approvals and heartbeats. The level is what that shows: unsafe, protected, "
      "verified, anchored or compliance-ready. No switch raises it.\n\n-o writes the report as a "
      "signed note (C2SP), signed with the log key; it names the checkpoint it was computed at. "
      "--check looks at such a file: signature, level, checkpoint.\n\nExit code 1 when the level "
      "is "
      "unsafe, 4 when it is below --require.";
  command.options = {
      {"json", "", "print one JSON object", &args->json},
      {"output", "FILE", "write the signed report here", &args->file, {}, 'o'},
      {"require",
       "LEVEL",
       "exit code 4 below this level",
       &args->require,
       {"protected", "verified", "anchored", "compliance-ready"}},
      {"check", "FILE", "check a signed report instead of making one", &args->check},
      {"key", "VKEY", "verifier key for --check; the one pinned here if not given", &args->key}};
  command.run = [args](Environment& environment) { return report(environment, *args); };
  return command;
}

}  // namespace phantom
