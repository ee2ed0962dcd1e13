#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/entry_filter.h"
#include "cli/environment.h"
#include "cli/log_access.h"
#include "events/envelope.h"
#include "events/tags.h"

#include <deque>

namespace phantom {
namespace {

struct ShowArgs {
  std::optional<std::string> ledger;
  std::optional<std::uint64_t> last;
  std::optional<std::string> from;
  std::optional<std::string> to;
  EntryFilter filter;
  bool json = false;
};

class Printer {
 public:
  Printer(Environment& environment, const ShowArgs& args)
      : out_(environment.out()), json_(args.json), unseal_(own_unsealer(environment)) {}

  Status print(const Bytes& bytes) {
    PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
    out_.line(json_ ? entry_to_json(*entry, bytes, unseal_) : entry_to_line(*entry));
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

// Narrows [0, size) by what the filter says about numbers.
std::pair<Seq, Seq> seq_range(const EntryFilter& filter, std::uint64_t size) {
  Seq from = 0;
  Seq to = size;
  if (filter.from) {
    if (const auto* point = std::get_if<SeqPoint>(&*filter.from)) from = point->seq;
  }
  if (filter.to) {
    if (const auto* point = std::get_if<SeqPoint>(&*filter.to)) to = std::min(to, point->seq);
  }
  return {std::min(from, to), to};
}

bool filters_events(const EntryFilter& filter) {
  const auto by_time = [](const std::optional<LogPoint>& point) {
    return point && std::holds_alternative<TimePoint>(*point);
  };
  return by_time(filter.from) || by_time(filter.to) || !filter.types.empty() ||
         !filter.session.empty() || !filter.secret.empty() || !filter.project.empty() ||
         !filter.actor.empty() || !filter.outcome.empty();
}

// A session's events hang together by its tag; walking them back spares reading the rest.
Result<std::deque<Bytes>> session_events(const LedgerReader& reader, const ShowArgs& args) {
  std::deque<Bytes> found;
  Status bad;
  PH_TRY(reader.history(session_tag(args.filter.session), [&](Seq, const Bytes& bytes) {
    const auto entry = parse_entry(bytes);
    if (!entry.ok()) {
      bad = entry.error();
      return false;
    }
    if (args.filter.matches(**entry)) found.push_front(bytes);
    return !args.last || found.size() < *args.last;
  }));
  PH_TRY(bad);
  return found;
}

Status show_session(const LedgerReader& reader, const ShowArgs& args, Printer& printer) {
  PH_ASSIGN(const std::deque<Bytes> found, session_events(reader, args));
  for (const Bytes& bytes : found) PH_TRY(printer.print(bytes));
  return {};
}

Status show_scan(const LedgerReader& reader, const ShowArgs& args, Printer& printer) {
  auto [from, to] = seq_range(args.filter, reader.head().checkpoint.size);
  const bool narrow = filters_events(args.filter);
  if (args.last && !narrow && to - from > *args.last) from = to - *args.last;
  std::deque<Bytes> newest;
  Status bad;
  PH_TRY(reader.scan(from, to, [&](Seq, const Bytes& bytes) {
    if (narrow) {
      const auto entry = parse_entry(bytes);
      if (!entry.ok()) {
        bad = entry.error();
        return false;
      }
      if (!args.filter.matches(**entry)) return true;
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
  for (const auto& [text, point] :
       {std::pair(&args.from, &args.filter.from), std::pair(&args.to, &args.filter.to)}) {
    if (!*text) continue;
    PH_ASSIGN(*point, parse_log_point(**text));
  }
  PH_TRY(check_filter(args.filter));
  if (args.last && *args.last == 0) return Error{Code::kInvalid, "--last needs at least 1"};
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  Printer printer(environment, args);
  PH_TRY(args.filter.session.empty() || !is_valid_tag(session_tag(args.filter.session))
             ? show_scan(*log.reader, args, printer)
             : show_session(*log.reader, args, printer));
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
  command.options = {
      {"last", "N", "only the newest N of those that fit", &args->last},
      {"from", "POINT", "from this event number or time on", &args->from},
      {"to", "POINT", "up to this event number or time, without it", &args->to},
      {"type", "NAME", "events of this type; proxy.* stands for all that start so",
       &args->filter.types},
      {"session", "ID", "events of this session", &args->filter.session},
      {"secret", "NAME", "events about the secret of this name", &args->filter.secret},
      {"project", "ID", "events of this project", &args->filter.project},
      {"actor", "WHO", "events by this actor id, agent tool or kind (human, agent, ci)",
       &args->filter.actor},
      {"outcome",
       "WORD",
       "events that ended so",
       &args->filter.outcome,
       {"ok", "denied", "failed", "partial", "unknown"}},
      {"ledger", "DIR", "another ledger than one's own", &args->ledger},
      {"json", "", "print one JSON object per line", &args->json}};
  command.run = [args](Environment& environment) { return show(environment, *args); };
  return command;
}

}  // namespace phantom
