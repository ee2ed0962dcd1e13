#include "cli/verify_run.h"

#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/verify_inputs.h"
#include "cli/verify_text.h"

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

}  // namespace

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
  if (const auto before = read_checkpoint_file(file); before.ok()) {
    PH_ASSIGN(const SignedCheckpoint old, parse_checkpoint(*before));
    if (report.head && old.checkpoint.size >= report.head->size) return {};
  }
  return write_output_file(file, as_bytes(report.head_note));
}

Status print_report(Environment& environment, const VerifyArgs& args, const VerifyReport& report,
                    const std::string& subject) {
  std::vector<std::string> formats = args.formats;
  if (formats.empty()) formats = {args.json ? "json" : "text"};
  for (std::size_t i = 0; i < formats.size(); ++i) {
    const std::string text = formats[i] == "json" ? report_to_json(report, subject) + "\n"
                                                  : report_to_text(report, subject);
    if (i < args.outputs.size()) {
      PH_TRY(write_output_file(args.outputs[i], as_bytes(text)));
    } else {
      environment.out().result(text);
    }
  }
  return {};
}

}  // namespace phantom
