#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/filter_args.h"
#include "cli/log_access.h"
#include "events/envelope.h"
#include "events/tags.h"

#include <deque>

namespace phantom {
namespace {

struct ShowArgs {
  std::optional<std::string> ledger;
  std::optional<std::uint64_t> last;
  FilterArgs narrow;
  bool json = false;
};

class Printer {
 public:
  Printer(Environment& environment, const OpenLog& log, const ShowArgs& args)
      : out_(environment.out()), json_(args.json), unseal_(own_unsealer(environment, log)) {}

  Status print(const Bytes& bytes) {
    PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
    out_.line(json_ ? entry_to_json(*entry, bytes, unseal_) : entry_to_line(*entry, unseal_));
    if (matched_ == 0) first_ = entry->seq();
    last_ = entry->seq();
    ++matched_;
    return {};
  }

  AuditRange range() const { return {"audit show", first_, last_, matched_}; }

 private:
  Output& out_;
  bool json_;
  Unsealer unseal_;
  Seq first_ = 0;
  Seq last_ = 0;
  std::uint64_t matched_ = 0;
};

bool filters_events(const EntryFilter& filter) {
  const auto by_time = [](const std::optional<LogPoint>& point) {
    return point && std::holds_alternative<TimePoint>(*point);
  };
  return by_time(filter.from) || by_time(filter.to) || !filter.types.empty() ||
         !filter.session.empty() || !filter.secret.empty() || !filter.project.empty() ||
         !filter.actor.empty() || !filter.outcome.empty();
}

// A session's events hang together by its tag; walking them back spares reading the rest.
Result<std::deque<Bytes>> session_events(Environment& environment, const LedgerReader& reader,
                                         const ShowArgs& args) {
  std::deque<Bytes> found;
  Status bad;
  Status walked =
      reader.history(session_tag(args.narrow.filter.session), [&](Seq, const Bytes& bytes) {
        const auto entry = parse_entry(bytes);
        if (!entry.ok()) {
          bad = entry.error();
          return false;
        }
        if (args.narrow.filter.matches(**entry)) found.push_front(bytes);
        return !args.last || found.size() < *args.last;
      });
  PH_TRY(bad);
  if (!walked.ok()) {
    // The older ones were removed; those that are left are shown.
    if (walked.error().code != Code::kNotFound || reader.first_kept() == 0) return walked.error();
    note_removed(environment, reader, 0);
  }
  return found;
}

Status show_session(Environment& environment, const LedgerReader& reader, const ShowArgs& args,
                    Printer& printer) {
  PH_ASSIGN(const std::deque<Bytes> found, session_events(environment, reader, args));
  for (const Bytes& bytes : found) PH_TRY(printer.print(bytes));
  return {};
}

Status show_scan(Environment& environment, const LedgerReader& reader, const ShowArgs& args,
                 Printer& printer) {
  auto [from, to] = seq_range(args.narrow.filter, reader.head().checkpoint.size);
  const bool narrow = filters_events(args.narrow.filter);
  if (args.last && !narrow && to - from > *args.last) from = to - *args.last;
  if (from < to) note_removed(environment, reader, from);
  std::deque<Bytes> newest;
  Status bad;
  PH_TRY(reader.scan(from, to, [&](Seq, const Bytes& bytes) {
    if (narrow) {
      const auto entry = parse_entry(bytes);
      if (!entry.ok()) {
        bad = entry.error();
        return false;
      }
      if (!args.narrow.filter.matches(**entry)) return true;
    }
    if (!args.last) {
      bad = printer.print(bytes);
      return bad.ok();
    }
    newest.push_back(bytes);
    if (newest.size() > *args.last) newest.pop_front();
    return true;
  }));
  PH_TRY(bad);
  for (const Bytes& bytes : newest) PH_TRY(printer.print(bytes));
  return {};
}

Result<int> show(Environment& environment, ShowArgs& args) {
  PH_TRY(read_filter(args.narrow));
  if (args.last && *args.last == 0) return Error{Code::kInvalid, "--last needs at least 1"};
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  Printer printer(environment, log, args);
  PH_TRY(args.narrow.filter.session.empty() ||
                 !is_valid_tag(session_tag(args.narrow.filter.session))
             ? show_scan(environment, *log.reader, args, printer)
             : show_session(environment, *log.reader, args, printer));
  record_about_log(environment, log, audit_read(environment.context(), printer.range()));
  return kExitOk;
}

}  // namespace

Command audit_show_command() {
  const auto args = std::make_shared<ShowArgs>();
  Command command;
  command.words = {"audit", "show"};
  command.summary = "print events";
  command.description =
      "Prints events in the order they were recorded: one line each, or with --json one object "
      "each. Filters narrow what is shown; all given ones must fit. Looking at the log is "
      "recorded too. Nothing is checked here: phantom audit verify does that.";
  command.options = filter_options(args->narrow);
  command.options.insert(command.options.begin(),
                         {"last", "N", "only the newest N of those that fit", &args->last});
  command.options.push_back({"ledger", "DIR", "another ledger than one's own", &args->ledger});
  command.options.push_back({"json", "", "print one JSON object per line", &args->json});
  command.run = [args](Environment& environment) { return show(environment, *args); };
  return command;
}

}  // namespace phantom
