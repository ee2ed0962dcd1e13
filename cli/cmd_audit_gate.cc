#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/filter_args.h"
#include "cli/gate.h"
#include "cli/log_access.h"
#include "cli/progress.h"
#include "cli/verify_inputs.h"
#include "cli/verify_run.h"
#include "events/envelope.h"
#include "ledger/home.h"

#include <algorithm>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPolicyBytesMax = 256 * 1024;

struct GateArgs {
  VerifyArgs verify;
  FilterArgs narrow;
  std::optional<std::string> policy;
  std::optional<std::string> since_anchor;
};

Result<GatePolicy> read_policy(const std::string& file) {
  PH_ASSIGN(const Bytes bytes, read_file(file, kPolicyBytesMax));
  Result<GatePolicy> policy = parse_gate_policy(as_text(bytes));
  if (!policy.ok()) return std::move(policy.error()).in(file);
  return policy;
}

// The events after a checkpoint that was kept elsewhere; the ledger has to contain it.
Status begin_after_anchor(const GateArgs& given, EntryFilter& filter, VerifyOptions& options) {
  if (!given.since_anchor) return {};
  PH_ASSIGN(std::string note, read_checkpoint_file(*given.since_anchor));
  PH_ASSIGN(const SignedCheckpoint anchor, parse_checkpoint(note));
  filter.from = SeqPoint{anchor.checkpoint.size};
  options.anchors.push_back(std::move(note));
  return {};
}

// Every rule is a check of the report.
std::vector<Check> checks_of(const GatePolicy& policy) {
  std::vector<Check> checks;
  for (const GateRule& rule : policy.rules) {
    Check& check = checks.emplace_back();
    check.id = "gate." + rule.name;
    check.meaning =
        rule.message.empty() ? "The log keeps the rule " + rule.name + "." : rule.message;
  }
  return checks;
}

class GateRun {
 public:
  GateRun(Environment& environment, const GateArgs& given, VerifyKind ledger)
      : environment_(environment), given_(given), ledger_(std::move(ledger)) {}

  Result<Verified> run(const VerifyArgs& args, VerifyOptions& options) {
    PH_ASSIGN(const GatePolicy policy, read_policy(*given_.policy));
    EntryFilter filter = given_.narrow.filter;
    PH_TRY(begin_after_anchor(given_, filter, options));
    PH_ASSIGN(Verified verified, ledger_.run(args, options));
    VerifyReport& report = verified.report;
    std::vector<Check> checks = checks_of(policy);
    // Rules say nothing about a record that may have been changed.
    if (report.exit_code == kExitOk) PH_TRY(apply(policy, filter, verified, checks));
    report.checks.insert(report.checks.end(), checks.begin(), checks.end());
    return verified;
  }

 private:
  Status apply(const GatePolicy& policy, const EntryFilter& filter, Verified& verified,
               std::vector<Check>& checks) {
    VerifyReport& report = verified.report;
    const auto home = environment_.home();
    std::error_code code;
    const bool own = home.ok() && fs::equivalent(home->ledger(), verified.subject, code);
    PH_ASSIGN(const OpenLog log,
              open_log(environment_, own ? std::optional<std::string>() : verified.subject));
    PH_ASSIGN(const std::vector<GateFinding> findings,
              fold(policy, filter, *log.reader, report.head->size));
    AuditGate done{policy.digest, static_cast<std::uint32_t>(policy.rules.size()), 0,
                   report.head->size};
    const std::string removed = removed_text(filter, *log.reader, report.head->size);
    bool undecided = false;
    for (std::size_t i = 0; i < findings.size(); ++i) {
      const GateFinding& found = findings[i];
      Check& check = checks[i];
      check.state = found.broken      ? CheckState::kPolicy
                    : found.undecided ? CheckState::kIndeterminate
                                      : CheckState::kPass;
      check.reason =
          found.broken || found.undecided ? gate_finding_text(policy.rules[i], found) : "";
      check.seqs = found.undecided ? found.unknown_seqs : found.seqs;
      if (check.state == CheckState::kPass) check.seqs.clear();
      if (!removed.empty()) check.reason += (check.reason.empty() ? "" : "; ") + removed;
      done.broken += found.broken ? 1 : 0;
      undecided = undecided || found.undecided;
    }
    if (done.broken > 0) {
      report.verdict = Verdict::kPolicy;
      report.exit_code = kExitPolicy;
    } else if (undecided) {
      report.verdict = Verdict::kIndeterminate;
      report.exit_code = kExitIndeterminate;
    }
    record_about_log(environment_, log, audit_gated(environment_.context(), done));
    return {};
  }

  // What the rules were not applied to; empty when nothing that was asked for was removed.
  static std::string removed_text(const EntryFilter& filter, const LedgerReader& reader,
                                  std::uint64_t size) {
    if (seq_range(filter, size).first >= reader.first_kept()) return {};
    return "not applied to events before event " + std::to_string(reader.first_kept()) +
           ", which were removed";
  }

  // The events that were verified, and no others; those before first_kept() are gone.
  static Result<std::vector<GateFinding>> fold(const GatePolicy& policy, const EntryFilter& filter,
                                               LedgerReader& reader, std::uint64_t size) {
    if (reader.head().checkpoint.size < size) PH_TRY(reader.catch_up());
    const auto [from, to] = seq_range(filter, size);
    Gate gate(policy, [&reader](Seq seq) { return reader.entry(seq); });
    Progress progress("events");
    Status bad;
    PH_TRY(reader.scan(from, to, [&, first = from, end = to](Seq seq, const Bytes& bytes) {
      const auto entry = parse_entry(bytes);
      bad = !entry.ok()               ? Status(entry.error())
            : filter.matches(**entry) ? gate.take(**entry)
                                      : Status();
      progress.show(seq - first, end - first);
      return bad.ok();
    }));
    PH_TRY(std::move(bad));
    return gate.findings();
  }

  Environment& environment_;
  const GateArgs& given_;
  VerifyKind ledger_;
};

Result<int> run_gate(Environment& environment, GateArgs& args) {
  if (!args.policy || (args.since_anchor && args.narrow.from)) {
    environment.out().note(args.policy ? "--since-anchor says where to begin: no --from"
                                       : "a gate needs --policy FILE");
    environment.out().hint("phantom audit gate --help shows how it is used");
    return kExitUsage;
  }
  if (const Status read = read_filter(args.narrow); !read.ok()) {
    environment.out().error(read.error());
    return kExitUsage;
  }
  VerifyKind kind = ledger_kind(environment);
  const auto gate = std::make_shared<GateRun>(environment, args, kind);
  kind.run = [gate](const VerifyArgs& verify, VerifyOptions& options) {
    return gate->run(verify, options);
  };
  VerifyProgram program;
  program.name = "phantom audit gate";
  program.report_name = program.name;
  program.kinds = {std::move(kind)};
  program.fallback = "ledger";
  program.files = {*args.policy};
  return run_verify(environment.out(), program, args.verify);
}

// What a gate takes of the flags of `audit verify`: those for a ledger and the reports.
std::vector<Option> gate_flags(GateArgs& args) {
  std::vector<Option> flags = {
      {"policy", "FILE", "the rules, in TOML", &args.policy},
      {"since-anchor", "FILE", "only events after this checkpoint, which the ledger must contain",
       &args.since_anchor}};
  for (Option& option : filter_options(args.narrow)) flags.push_back(std::move(option));
  const std::vector<std::string> wanted = {
      "ledger",      "pins",   "key",    "against", "trust-state", "update-trust",  "deep",
      "incremental", "format", "output", "json",    "summary",     "max-unanchored"};
  for (Option& option : verify_flags(args.verify)) {
    if (std::find(wanted.begin(), wanted.end(), option.name) != wanted.end()) {
      flags.push_back(std::move(option));
    }
  }
  return flags;
}

}  // namespace

Command audit_gate_command() {
  const auto args = std::make_shared<GateArgs>();
  Command command;
  command.words = {"audit", "gate"};
  command.summary = "apply rules to what the record says";
  command.description =
      "Verifies the ledger like `audit verify`, then applies the rules of FILE to its events: what "
      "must not happen (deny), what needs an event that led to it (require), how many sessions may "
      "be open (limit). Rules are not applied to a ledger that does not verify: the exit code is "
      "then that of the verification.\n"
      "The report has a check for each rule, with the numbers of the first events it does not "
      "like; "
      "docs/guides/ci.md describes the file, docs/ci/gates.toml is one. A gate on one's own ledger "
      "is recorded as audit.gated.\n"
      "Events removed under a retention policy are not looked at, and the report says so; a rule "
      "that "
      "needs one as a cause is undecided.\n"
      "Exit codes: 0 all rules hold, 4 POLICY: one does not, 1 FAILED, 2 usage or a bad FILE, 3 "
      "INDETERMINATE or no ledger, 74 I/O, 77 permission.";
  command.options = gate_flags(*args);
  command.run = [args](Environment& environment) { return run_gate(environment, *args); };
  return command;
}

}  // namespace phantom
