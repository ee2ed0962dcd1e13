#include "cli/verify_run.h"

#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/report_formats.h"
#include "cli/report_location.h"
#include "cli/verify_inputs.h"

#include <filesystem>

namespace phantom {
namespace {

Status read_trust_state(const VerifyArgs& args, VerifyOptions& options) {
  if (!args.trust_state) return {};
  auto note = read_checkpoint_file(*args.trust_state);
  if (note.ok()) {
    options.trust = std::move(*note);
    return {};
  }
  // The first run of a job that keeps its trust in a file.
  if (note.error().code == Code::kNotFound && args.update_trust) return {};
  return std::move(note.error());
}

// Files of the command line that a repository may hold, the likeliest first.
std::vector<std::string> named_files(const VerifyArgs& args) {
  std::vector<std::string> files = args.anchors;
  if (args.key && !parse_verifier_key(*args.key).ok()) files.push_back(*args.key);
  for (const auto& file : {args.trust_state, args.proof, args.ledger}) {
    if (file) files.push_back(*file);
  }
  return files;
}

}  // namespace

VerifyArgs with_pins(VerifyArgs args) {
  if (!args.pins) return args;
  const std::filesystem::path directory = *args.pins;
  if (!args.key) args.key = (directory / "ledger.vkey").string();
  if (!args.proof) args.anchors.insert(args.anchors.begin(), (directory / "anchor.json").string());
  args.pins.reset();
  return args;
}

int refuse_input(Environment& environment, const Error& error) {
  environment.out().error(error);
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

std::optional<int> read_outside(Environment& environment, const VerifyArgs& args,
                                VerifyOptions& options) {
  if (args.key) {
    auto key = read_verifier_key(*args.key);
    if (!key.ok()) return refuse_input(environment, key.error());
    options.key = *key;
  }
  for (const std::string& file : args.anchors) {
    auto note = read_checkpoint_file(file);
    if (!note.ok()) return refuse_input(environment, note.error());
    options.anchors.push_back(std::move(*note));
  }
  if (const Status read = read_trust_state(args, options); !read.ok()) {
    return refuse_input(environment, read.error());
  }
  return std::nullopt;
}

VerifyReport with_progress(VerifyOptions& options, const std::function<VerifyReport()>& verify) {
  Progress progress("events");
  options.progress = [&progress](std::uint64_t done, std::uint64_t total) {
    progress.show(done, total);
  };
  VerifyReport report = verify();
  options.progress = {};
  return report;
}

Status update_trust_state(const std::string& file, const VerifyReport& report) {
  // What is published is on disk; of a ledger the note says how far it is.
  const std::string& note = report.synced_note.empty() ? report.head_note : report.synced_note;
  PH_ASSIGN(const SignedCheckpoint now, parse_checkpoint(note));
  if (const auto before = read_checkpoint_file(file); before.ok()) {
    PH_ASSIGN(const SignedCheckpoint old, parse_checkpoint(*before));
    if (old.checkpoint.size >= now.checkpoint.size) return {};
  }
  return write_output_file(file, as_bytes(note));
}

int print_report(Environment& environment, const VerifyArgs& args, const VerifyReport& report,
                 const std::string& subject) {
  std::vector<std::string> formats = args.formats;
  if (formats.empty()) formats = {args.json ? "json" : report_format_names().front()};
  const Report input{report, subject, report_location(named_files(args))};
  int exit_code = report.exit_code;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    const ReportFormat format = find_report_format(formats[i]);
    PH_CHECK(format != nullptr, "the command line takes only known formats");
    const std::string text = format(input);
    if (i >= args.outputs.size()) {
      environment.out().result(text);
    } else if (const Status written = write_output_file(args.outputs[i], as_bytes(text));
               !written.ok()) {
      environment.out().error(written.error());
      if (exit_code != kExitFailed) exit_code = kExitIo;
    }
  }
  return exit_code;
}

}  // namespace phantom
