#include "cli/export_bundle.h"

#include "cli/audit_events.h"
#include "cli/follow.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "cli/log_key.h"
#include "cli/part_file.h"
#include "cli/progress.h"
#include "cli/project.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "events/limits.h"
#include "ledger/bundle_write.h"
#include "ledger/home.h"

#include <cerrno>
#include <unistd.h>

namespace phantom {
namespace {

constexpr int kExitInterrupted = 130;

Error refuse(std::string message, std::string hint = {}) {
  return {Code::kInvalid, std::move(message), std::move(hint)};
}

bool is_future(const LogPoint& point, std::uint64_t size) {
  if (const auto* seq = std::get_if<SeqPoint>(&point)) return seq->seq > size;
  return std::get<TimePoint>(point).time_ns > system_clock().wall_ns();
}

// What has not happened yet is no end: the period ends now.
Status settle_period(Environment& environment, EntryFilter& filter, std::uint64_t size) {
  if (filter.from && is_future(*filter.from, size)) {
    return refuse("the period begins in the future");
  }
  if (filter.to && is_future(*filter.to, size)) {
    filter.to.reset();
    environment.out().note("--to has not come yet: the bundle ends with what there is now");
  }
  return {};
}

// A secret has a history within its project. Named without one, it is that of the project that is
// given, else of the one around the working directory.
void settle_secret(Environment& environment, EntryFilter& filter) {
  if (filter.secret.empty() || filter.secret.find('/') != std::string::npos) return;
  std::string project = filter.project;
  if (const auto here = environment.working_directory(); project.empty() && here.ok()) {
    if (const auto found = read_project_at(*here); found.ok()) project = found->config.project_id;
  }
  if (project.empty()) {
    environment.out().note(
        "no project is given or around this directory: the bundle holds every event of the period");
    environment.out().hint("--secret PROJECT/NAME asks for the history of one secret alone");
    return;
  }
  filter.secret = project + "/" + filter.secret;
}

// Finds the events; when the period has no end yet, the export itself becomes it.
Result<BundlePlan> make_plan(Environment& environment, LedgerReader& reader,
                             const BundleOrder& order) {
  PH_ASSIGN(auto plan, plan_bundle(reader, order.filter, order.spool, order.stop));
  if (plan) return *std::move(plan);
  PH_ASSIGN(Appender* const appender, environment.appender());
  PH_ASSIGN(const Receipt receipt,
            appender->append(closing_event(environment.context(), order.filter)));
  PH_ASSIGN(const bool moved, reader.catch_up());
  static_cast<void>(moved);
  PH_ASSIGN(plan, plan_bundle(reader, order.filter, order.spool, order.stop, receipt.seq));
  if (plan) return *std::move(plan);
  return Error{Code::kBusy, "the event that ends the period is not among those that can be read",
               "try again"};
}

Status write_all(const PartFile& file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file.fd(), bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return file_error("cannot write", file.part(), errno);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

std::string seq_text(const std::optional<Seq>& seq) { return seq ? std::to_string(*seq) : "none"; }

std::string as_text_lines(const WrittenBundle& done, const std::string& file) {
  const BundleManifest& manifest = done.manifest;
  const BundleCounts& counts = manifest.counts;
  return one_line(file) + ": " + std::to_string(counts.matched) + " events of the query, first " +
         seq_text(counts.first_seq) + ", last " + seq_text(counts.last_seq) +
         "\ndisclosed: " + std::to_string(counts.disclosed) + " events, " +
         std::to_string(counts.boundary) + " of them at the ends of the period, " +
         std::to_string(counts.keys) +
         " that announce keys\ncompleteness: " + (manifest.complete ? "complete" : "none") +
         "\ncheckpoint: " + std::to_string(manifest.size) +
         " events\nsha256: " + to_hex(done.digest) + "\n";
}

std::string as_json(const WrittenBundle& done, const std::string& file) {
  const BundleManifest& manifest = done.manifest;
  const BundleCounts& counts = manifest.counts;
  Json json;
  json.begin().field_number("v", 1).field("file", file).field("query", manifest.query);
  json.field("completeness", manifest.complete ? "complete" : "none");
  const auto seq = [&](const char* name, const std::optional<Seq>& value) {
    json.key(name);
    if (value) {
      json.number(*value);
    } else {
      json.null();
    }
  };
  seq("first_seq", counts.first_seq);
  seq("last_seq", counts.last_seq);
  json.field_number("matched", counts.matched).field_number("disclosed", counts.disclosed);
  json.field_number("boundary", counts.boundary).field_number("keys", counts.keys);
  json.key("checkpoint").begin().field("origin", manifest.origin);
  json.field_number("size", manifest.size).field("root", to_hex(manifest.root)).end();
  json.field_number("bytes", done.bytes).field("sha256", to_hex(done.digest));
  return json.end().str() + "\n";
}

Draft exported_event(Environment& environment, const BundleOrder& order, std::uint64_t size,
                     const std::optional<std::string>& recipient) {
  AuditExport exported;
  exported.format = kBundleFormat;
  exported.query = query_text(order.filter);
  exported.size = size;
  Draft draft = audit_exported(environment.context(), exported);
  if (recipient) draft.to_seal.push_back({"recipient", *recipient});
  return draft;
}

Draft exported_event(Environment& environment, const WrittenBundle& done,
                     const std::optional<std::string>& recipient) {
  const BundleCounts& counts = done.manifest.counts;
  AuditExport exported;
  exported.format = kBundleFormat;
  exported.first_seq = counts.first_seq.value_or(0);
  exported.last_seq = counts.last_seq.value_or(0);
  exported.matched = counts.matched;
  exported.size = done.manifest.size;
  exported.query = done.manifest.query;
  exported.file_digest = done.digest;
  Draft draft = audit_exported(environment.context(), exported);
  if (recipient) draft.to_seal.push_back({"recipient", *recipient});
  return draft;
}

Result<WrittenBundle> write_file(Environment& environment, LedgerReader& reader,
                                 const BundleOrder& given, const Home& home, const Signer& key,
                                 const std::string& file) {
  BundleOrder order = given;
  Progress progress("events");
  order.progress = [&progress](std::uint64_t done, std::uint64_t total) {
    progress.show(done, total);
  };
  PH_ASSIGN(PartFile part, PartFile::make(file));
  PH_ASSIGN(BundlePlan plan, make_plan(environment, reader, order));
  PH_ASSIGN(order.anchors,
            read_bundle_anchors(home.root / "anchors", reader, plan.checkpoint().checkpoint.size));
  PH_ASSIGN(WrittenBundle done,
            write_bundle(reader, std::move(plan), order, key,
                         [&](ByteView bytes) { return write_all(part, bytes); }));
  if (order.stop()) return Error{Code::kClosed, "interrupted"};
  PH_TRY(part.publish());
  return done;
}

}  // namespace

bool wants_bundle(const std::string& format, const std::optional<std::string>& file) {
  return format == kBundleFormat || (format.empty() && file && file->ends_with(".phx"));
}

Result<int> export_bundle(Environment& environment, BundleExport wanted) {
  if (!wanted.file) return refuse("a bundle is a file: give its name with -o");
  if (wanted.ledger) {
    return refuse("a bundle is signed with the log key, which is with one's own ledger only",
                  "leave --ledger out, and set PHANTOM_HOME to the home of the ledger");
  }
  if (wanted.recipient && wanted.recipient->size() > kSealedPlainBytesMax) {
    return refuse("--recipient has more than 4,096 bytes");
  }
  PH_TRY(environment.check_own_ledger());
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const OpenLog log, open_log(environment, std::nullopt));
  PH_TRY(settle_period(environment, wanted.filter, log.reader->head().checkpoint.size));
  settle_secret(environment, wanted.filter);
  PH_ASSIGN(const Signer key,
            load_log_key(environment, home, log.reader->head().checkpoint.origin));
  BundleOrder order;
  order.filter = wanted.filter;
  order.disclose = wanted.matching_only ? Disclose::kMatching : Disclose::kAll;
  order.spool = std::filesystem::path(*wanted.file).parent_path();
  if (order.spool.empty()) order.spool = ".";
  order.stop = [] { return stop_was_requested(); };
  stop_on_signals();
  auto done = write_file(environment, *log.reader, order, home, key, *wanted.file);
  if (!done.ok() && stop_was_requested()) {
    Draft draft =
        exported_event(environment, order, log.reader->head().checkpoint.size, wanted.recipient);
    draft.outcome = Outcome::Partial;
    draft.reason = Reason::Interrupted;
    record_about_log(environment, log, std::move(draft));
    environment.out().note("interrupted: " + *wanted.file + " was not written");
    return kExitInterrupted;
  }
  if (!done.ok()) return std::move(done.error());
  record_about_log(environment, log, exported_event(environment, *done, wanted.recipient));
  environment.out().result(wanted.json ? as_json(*done, *wanted.file)
                                       : as_text_lines(*done, *wanted.file));
  return kExitOk;
}

}  // namespace phantom
