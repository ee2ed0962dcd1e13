#include "cli/verify_run.h"

#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/report_formats.h"
#include "cli/report_location.h"
#include "cli/report_summary.h"
#include "cli/verify_inputs.h"
#include "cli/verify_trust.h"
#include "events/encoding.h"

#include <algorithm>
#include <filesystem>

namespace phantom {
namespace {

// The first flag with an empty value, as an unset variable of a script leaves it.
std::string empty_flag(const std::vector<Option>& flags) {
  for (const Option& flag : flags) {
    std::optional<std::string>* const* value =
        std::get_if<std::optional<std::string>*>(&flag.target);
    if (value != nullptr && **value && (**value)->empty()) return flag.name;
  }
  return "";
}

// What flags that go with every kind cannot mean together; empty when they are fine.
std::string contradiction(const VerifyArgs& args) {
  if (args.deep && args.incremental) return "--deep and --incremental exclude each other";
  if (args.receipts && !args.policy) return "--receipts needs --policy";
  if (args.update_trust && !args.trust_state) return "--update-trust needs --trust-state";
  if (args.json && !args.formats.empty()) return "--json is short for --format json: give one";
  const std::size_t formats = std::max<std::size_t>(args.formats.size(), 1);
  if (args.outputs.size() > formats) return "more -o than --format";
  if (formats > args.outputs.size() + 1) return "only one report fits on standard output";
  for (std::size_t i = 1; i < args.outputs.size(); ++i) {
    const auto before = args.outputs.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(args.outputs.begin(), before, args.outputs[i]) != before) {
      return "two reports would be written to " + escape_terminal(args.outputs[i]);
    }
  }
  return "";
}

// Something the caller handed over that cannot be used: says so and gives the exit code.
int refuse_input(Output& out, const Error& error) {
  out.error(error);
  switch (error.code) {
    case Code::kNotFound:
      return kExitIndeterminate;
    case Code::kDenied:
      return kExitDenied;
    case Code::kIo:
      return kExitIo;
    default:
      return kExitUsage;
  }
}

// What the caller handed over.
struct Outside {
  VerifyOptions options;
  Trust trust;
};

// Key, anchors and trust. `given` is the command line before --pins became a key and an anchor.
Result<Outside> read_outside(const VerifyArgs& args, const VerifyArgs& given) {
  Outside outside;
  VerifyOptions& options = outside.options;
  if (args.key) {
    PH_ASSIGN(options.key, read_verifier_key(*args.key));
  }
  for (const std::string& file : args.anchors) {
    PH_ASSIGN(std::string note, read_checkpoint_file(file));
    options.anchors.push_back(std::move(note));
  }
  if (args.policy) {
    PH_ASSIGN(options.policy, load_anchor_policy(std::filesystem::path(*args.policy)));
  }
  if (args.receipts) PH_TRY(add_receipts(*args.receipts, options));
  PH_TRY(use_max_unanchored(args, options));
  std::optional<SignedCheckpoint> floor;
  if (given.pins && !options.anchors.empty()) {
    PH_ASSIGN(floor, parse_checkpoint(options.anchors.front()));
  }
  std::optional<Result<std::string>> cache;
  if (args.trust_state) cache = read_checkpoint_file(*args.trust_state);
  PH_ASSIGN(outside.trust, choose_trust(floor, std::move(cache), options.key,
                                        args.update_trust ? FirstRun::kYes : FirstRun::kNo));
  options.trust = outside.trust.note;
  return outside;
}

// Files of the command line that a repository may hold, the likeliest first.
std::vector<std::string> named_files(const VerifyArgs& args, const std::string& subject) {
  std::vector<std::string> files = args.anchors;
  if (args.key && !parse_verifier_key(*args.key).ok()) files.push_back(*args.key);
  if (args.trust_state) files.push_back(*args.trust_state);
  files.push_back(subject);
  return files;
}

// Every asked-for format once; the first -o takes the first --format, and so on. What has no file
// goes to standard output.
int print_report(Output& out, const VerifyArgs& args, const Verified& verified) {
  std::vector<std::string> formats = args.formats;
  if (formats.empty()) formats = {args.json ? "json" : report_format_names().front()};
  const Report input{verified.report, verified.subject,
                     report_location(named_files(args, verified.subject)), verified.trust_from};
  int exit_code = verified.report.exit_code;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    const ReportFormat format = find_report_format(formats[i]);
    PH_CHECK(format != nullptr, "the command line takes only known formats");
    const std::string text = format(input);
    if (i >= args.outputs.size()) {
      out.result(text);
    } else if (const Status written = write_output_file(args.outputs[i], as_bytes(text));
               !written.ok()) {
      out.error(written.error());
      if (exit_code != kExitFailed) exit_code = kExitIo;
    }
  }
  if (args.summary) {
    const Status added = append_output_file(*args.summary, as_bytes(report_to_summary(input)));
    if (!added.ok()) {
      out.error(added.error());
      if (exit_code != kExitFailed) exit_code = kExitIo;
    }
  }
  return exit_code;
}

// Moves the trust state forward after a good run. One that was passed over is replaced.
Status update_trust_state(const std::string& file, const Trust& used, const VerifyReport& report) {
  // What is published is on disk; of a ledger the note says how far it is.
  const std::string& note = report.synced_note.empty() ? report.head_note : report.synced_note;
  PH_ASSIGN(const SignedCheckpoint now, parse_checkpoint(note));
  if (used.from == "cache") {
    PH_ASSIGN(const SignedCheckpoint before, parse_checkpoint(*used.note));
    if (before.checkpoint.size >= now.checkpoint.size) return {};
  }
  return write_output_file(file, as_bytes(note));
}

Result<Verified> run_kind(const VerifyKind& kind, const VerifyArgs& args, VerifyOptions& options) {
  Progress progress("events");
  options.progress = [&progress](std::uint64_t done, std::uint64_t total) {
    progress.show(done, total);
  };
  auto verified = kind.run(args, options);
  options.progress = {};
  return verified;
}

// Where the trust came from, and why not from the cache.
void say_trust(const Trust& trust, Verified& verified) {
  if (verified.trust_from.empty()) verified.trust_from = trust.from;
  for (Check& check : verified.report.checks) {
    if (check.id == "trust" && check.state == CheckState::kPass && check.reason.empty()) {
      check.reason = trust.why;
    }
  }
}

// 0 in place of 3 for a caller who asked for that, and never unsaid.
int accepted(Output& out, const VerifyArgs& args, int exit_code) {
  if (exit_code != kExitIndeterminate || !args.warn_indeterminate) return exit_code;
  out.note("INDETERMINATE is accepted here: nothing contradicts, and nothing is proven");
  return kExitOk;
}

}  // namespace

Result<int> run_verify(Output& out, const VerifyProgram& program, VerifyArgs& given) {
  const auto kind = choose_kind(program.kinds, given_flags(verify_flags(given)), program.fallback);
  const std::string empty = empty_flag(verify_flags(given));
  std::string wrong = !empty.empty() ? "--" + empty + " is empty"
                      : kind.ok()    ? contradiction(given)
                                     : kind.error().message;
  if (!wrong.empty()) {
    out.note(wrong);
    out.hint(program.name + " --help shows how it is used");
    return kExitUsage;
  }
  const VerifyArgs args = with_pins(given);
  Result<Outside> outside = read_outside(args, given);
  if (!outside.ok()) return accepted(out, args, refuse_input(out, outside.error()));
  outside->options.timestamps = program.timestamps;
  Result<Verified> verified = run_kind(**kind, args, outside->options);
  if (!verified.ok()) return accepted(out, args, refuse_input(out, verified.error()));
  say_trust(outside->trust, *verified);
  const VerifyReport& report = verified->report;
  const int exit_code = print_report(out, args, *verified);
  if (report.exit_code != kExitOk) return accepted(out, args, exit_code);
  if (args.trust_state && args.update_trust) {
    const Status moved = update_trust_state(*args.trust_state, outside->trust, report);
    if (!moved.ok()) {
      out.error(moved.error());
      return kExitIo;
    }
  }
  if ((*kind)->after_good) PH_TRY((*kind)->after_good(report));
  return exit_code;
}

}  // namespace phantom
