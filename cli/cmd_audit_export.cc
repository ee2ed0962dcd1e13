#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/export_bundle.h"
#include "cli/export_state.h"
#include "cli/export_writer.h"
#include "cli/filter_args.h"
#include "cli/follow.h"
#include "cli/log_access.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "events/envelope.h"
#include "events/export.h"
#include "ledger/layout.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr int kExitInterrupted = 130;

struct ExportArgs {
  std::string format;
  FilterArgs narrow;
  std::optional<std::uint64_t> after;
  std::optional<std::string> state;
  bool follow = false;
  std::optional<std::string> file;
  bool matching_only = false;  // of bundles
  std::optional<std::string> recipient;
  bool json = false;
  std::optional<std::string> ledger;
};

// One export from its first event to its last.
class ExportRun {
 public:
  ExportRun(const ExportArgs& args, const OpenLog& log, const LedgerIdentity& identity,
            ExportWriter& writer, std::optional<Seq> after)
      : args_(args),
        log_(log),
        ledger_id_(identity.ledger_id),
        writer_(writer),
        next_(after ? *after + 1 : 0) {
    done_.format = args.format;
    done_.query = query_text(args.narrow.filter);
  }

  Status run() {
    while (true) {
      PH_TRY(pass());
      if (args_.follow) PH_TRY(hand_over());
      if (!args_.follow || reader_gone_ || stop_was_requested()) return {};
      const std::uint64_t size = log_.reader->head().checkpoint.size;
      if (!wait_for_more(LedgerFiles{log_.directory}.head(), size)) return {};
      PH_TRY(log_.reader->catch_up());
    }
  }

  // Ended before its last event.
  bool cut_off() const { return cut_off_; }
  bool reader_gone() const { return reader_gone_; }
  AuditExport& done() { return done_; }
  // Everything before this number is dealt with.
  Seq next() const { return next_; }

  Status keep_state() const {
    if (!args_.state || next_ == 0 || reader_gone_) return {};
    return write_output_file(*args_.state, as_bytes(export_state_text({ledger_id_, next_ - 1})));
  }

 private:
  // All events there are now, from `next_` on.
  Status pass() {
    done_.size = log_.reader->head().checkpoint.size;
    auto [from, to] = seq_range(args_.narrow.filter, done_.size);
    from = std::max(from, next_);
    if (from >= to) return {};
    Progress progress("events");
    Status bad;
    PH_TRY(log_.reader->scan(from, to, [&](Seq seq, const Bytes& bytes) {
      if (stop_was_requested() || reader_gone_) {
        cut_off_ = true;
        return false;
      }
      bad = take(bytes);
      if (!bad.ok()) return false;
      next_ = seq + 1;
      progress.show(seq - from, to - from);
      return true;
    }));
    PH_TRY(std::move(bad));
    return {};
  }

  Status take(const Bytes& bytes) {
    PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
    if (!args_.narrow.filter.matches(*entry)) return {};
    if (done_.matched == 0) done_.first_seq = entry->seq();
    done_.last_seq = entry->seq();
    ++done_.matched;
    PH_ASSIGN(const bool wanted, writer_.take(*entry, bytes));
    reader_gone_ = !wanted;
    return {};
  }

  // What was taken so far reaches its reader, then the state says so.
  Status hand_over() {
    PH_ASSIGN(const bool wanted, writer_.hand_over());
    reader_gone_ = reader_gone_ || !wanted;
    return reader_gone_ ? Status() : keep_state();
  }

  const ExportArgs& args_;
  const OpenLog& log_;
  std::string ledger_id_;
  ExportWriter& writer_;
  Seq next_;
  AuditExport done_;
  bool reader_gone_ = false;
  bool cut_off_ = false;
};

Result<std::unique_ptr<ExportWriter>> open_writer(Environment& environment, const ExportArgs& args,
                                                  const ExportSubject& subject) {
  if (const FileFormat* format = find_file_format(args.format)) {
    return format->open(*args.file, subject);
  }
  const ExportFormat& format = *find_export_format(args.format);
  if (!args.file) {
    return stream_writer(format, subject.source, sink_to_output(environment.out()), Flush::kEarly);
  }
  PH_ASSIGN(auto sink,
            args.follow ? sink_to_growing_file(*args.file) : sink_to_new_file(*args.file));
  return stream_writer(format, subject.source, std::move(sink), Flush::kAtTheEnd);
}

std::string summary(ExportRun& run) {
  const AuditExport& done = run.done();
  std::string text =
      "exported " + std::to_string(done.matched) + " of " + std::to_string(done.size) + " events";
  if (run.next() > 0) text += "; --after " + std::to_string(run.next() - 1) + " goes on from here";
  return text;
}

// A file that is cut off never appears; records on standard output are whole and may go.
Result<int> finish(Environment& environment, const ExportArgs& args, const OpenLog& log,
                   ExportRun& run, ExportWriter& writer) {
  const bool whole = !run.cut_off() || args.follow;
  if (whole || !args.file) {
    if (!run.reader_gone()) PH_TRY(writer.finish());
    PH_TRY(run.keep_state());
  }
  if (whole && args.file && !args.follow) {
    PH_ASSIGN(run.done().file_digest, file_digest(*args.file));
  }
  Draft draft = audit_exported(environment.context(), run.done());
  if (run.cut_off()) {
    draft.outcome = Outcome::Partial;
    draft.reason = Reason::Interrupted;
  }
  record_about_log(environment, log, std::move(draft));
  if (!run.reader_gone() && (whole || !args.file)) environment.out().note(summary(run));
  if (whole) return kExitOk;
  if (args.file) environment.out().note("interrupted: " + *args.file + " was not written");
  return stop_was_requested() ? kExitInterrupted : kExitOk;
}

// What the format cannot do.
Status check_format(const ExportArgs& args) {
  if (args.format.empty()) {
    return Error{Code::kInvalid, "an export needs a format", "for example --format jsonl"};
  }
  const ExportFormat* stream = find_export_format(args.format);
  if (args.follow && (stream == nullptr || stream->is_document())) {
    return Error{Code::kInvalid, "--follow does not go with " + args.format + ", which has an end",
                 "a format of lines can grow: --format jsonl"};
  }
  if (stream == nullptr && !args.file) {
    return Error{Code::kInvalid, args.format + " is a file: give its name with -o"};
  }
  return {};
}

Result<int> run_bundle_export(Environment& environment, ExportArgs& args) {
  if (args.follow || args.after || args.state) {
    return Error{Code::kInvalid,
                 "a bundle has a beginning and an end: no --follow, --after or --state"};
  }
  PH_TRY(read_filter(args.narrow));
  return export_bundle(environment, {args.narrow.filter, args.file, args.ledger, args.matching_only,
                                     args.recipient, args.json});
}

Result<int> run_export(Environment& environment, ExportArgs& args) {
  if (wants_bundle(args.format, args.file)) return run_bundle_export(environment, args);
  if (args.matching_only || args.recipient || args.json) {
    return Error{Code::kInvalid, "--matching-only, --recipient and --json go with --format phx"};
  }
  PH_TRY(check_format(args));
  if (args.follow && args.narrow.to) {
    return Error{Code::kInvalid, "--follow has no end, so --to does not go with it"};
  }
  if (args.after && args.state) {
    return Error{Code::kInvalid,
                 "--state says itself where to go on, so --after does not go with it"};
  }
  PH_TRY(read_filter(args.narrow));
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  PH_ASSIGN(const LedgerIdentity identity, read_identity(*log.reader));
  std::optional<Seq> after = args.after;
  if (args.state) {
    PH_ASSIGN(const auto state, read_export_state(*args.state, identity.ledger_id));
    if (state) after = state->after;
  }
  if (after && *after >= log.reader->head().checkpoint.size) {
    return Error{Code::kInvalid, "the ledger has no event " + std::to_string(*after) + " yet",
                 "is it an older copy? phantom audit verify --against tells"};
  }
  note_removed(environment, *log.reader,
               std::max(after ? *after + 1 : 0,
                        seq_range(args.narrow.filter, log.reader->head().checkpoint.size).first));
  stop_on_signals();
  const ExportSubject subject{{identity.origin, identity.ledger_id},
                              log.reader->head().note,
                              query_text(args.narrow.filter)};
  PH_ASSIGN(const std::unique_ptr<ExportWriter> writer, open_writer(environment, args, subject));
  ExportRun run(args, log, identity, *writer, after);
  PH_TRY(run.run());
  return finish(environment, args, log, run, *writer);
}

std::vector<std::string> format_names() {
  std::vector<std::string> names = export_format_names();
  names.emplace_back(kBundleFormat);
  return names;
}

}  // namespace

Command audit_export_command() {
  const auto args = std::make_shared<ExportArgs>();
  Command command;
  command.words = {"audit", "export"};
  command.summary = "write events in the formats of other programs";
  command.description =
      "Writes the events that fit, in order, as JSON lines (jsonl), CSV, CloudEvents 1.0 (by "
      "lines, "
      "or as a batch: one JSON array), OCSF 1.8, syslog (RFC 5424), CEF or OTLP/JSON logs, or as a "
      "SQLite database with tables, views and indexes (sqlite, with -o). Sealed fields stay "
      "closed. "
      "Every record has the event's id and number, which never change: drop repeats by them.\n"
      "To a FILE: it appears when it is whole, and not at all when the export is cut off. With "
      "--follow the export goes on with new events until Ctrl-C, and FILE grows.\n"
      "--state keeps in a file how far the export is; the next run goes on there. It may repeat "
      "events after a crash and leaves none out. The export is recorded as audit.exported. Nothing "
      "is checked here: phantom audit verify does that.\n"
      "phx is evidence for somebody else, in one FILE that phantom audit verify --bundle checks "
      "alone and offline: the events, the proof that they stand in this log, and what shows that "
      "none is left out that the query asks for. A FILE called .phx is one without --format.";
  command.options = filter_options(args->narrow);
  command.options.insert(command.options.begin(),
                         {"format", "NAME", "what to write", &args->format, format_names()});
  command.options.insert(
      command.options.end(),
      {{"after", "SEQ", "only events after the one with this number", &args->after},
       {"state", "FILE", "go on where the file says, and keep it up to date", &args->state},
       {"follow", "", "go on with new events until Ctrl-C", &args->follow},
       {"output", "FILE", "write to a file in place of standard output", &args->file, {}, 'o'},
       {"matching-only", "", "with phx: leave out the events that show that none is left out",
        &args->matching_only},
       {"recipient", "TEXT", "with phx: who gets the bundle; kept sealed in the record of it",
        &args->recipient},
       {"json", "", "with phx: print one JSON object about the bundle", &args->json},
       {"ledger", "DIR", "another ledger than one's own", &args->ledger}});
  command.run = [args](Environment& environment) { return run_export(environment, *args); };
  return command;
}

}  // namespace phantom
