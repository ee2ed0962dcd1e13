#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/filter_args.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "cli/log_stats.h"
#include "cli/log_walk.h"
#include "events/clock.h"
#include "events/encoding.h"

namespace phantom {
namespace {

constexpr std::size_t kLinesMax = 20;

struct StatsArgs {
  FilterArgs narrow;
  std::optional<std::string> ledger;
  bool json = false;
};

void print_text(Output& out, const LogStats& stats, std::uint64_t size) {
  out.line("events    " + std::to_string(stats.events) + " of " + std::to_string(size));
  if (stats.events == 0) return;
  out.line("first     " + format_time(stats.first_ns) + " (" + std::to_string(stats.first_seq) +
           ")");
  out.line("last      " + format_time(stats.last_ns) + " (" + std::to_string(stats.last_seq) + ")");
  out.line("sessions  " + std::to_string(stats.sessions_started) + " started, " +
           std::to_string(stats.sessions_ended) + " ended");
  out.line("sealed    " + std::to_string(stats.sealed_fields) + " fields");
  for (const LogStats::Dimension& each : stats.dimensions()) {
    const auto sorted = each.counts.sorted();
    for (std::size_t i = 0; i < std::min(sorted.size(), kLinesMax); ++i) {
      std::string title = each.title;
      title.resize(10, ' ');
      std::string count = std::to_string(sorted[i].second);
      if (count.size() < 10) count.insert(0, 10 - count.size(), ' ');
      out.line(title + count + "  " + escape_terminal(sorted[i].first));
    }
    if (sorted.size() > kLinesMax || each.counts.cut()) {
      out.line(std::string(each.title) + ": " + std::to_string(sorted.size()) +
               (each.counts.cut() ? " or more" : "") + " in all; --json has " +
               (each.counts.cut() ? "the first of them" : "them"));
    }
  }
}

void print_json(Output& out, const LogStats& stats, const Checkpoint& head,
                const std::string& query, Seq first_kept) {
  Json json;
  json.begin().field_number("v", 1).field("query", query);
  json.key("checkpoint").begin().field("origin", head.origin).field_number("size", head.size);
  json.field("root", to_hex(head.root)).end();
  json.field_number("first_kept", first_kept).field_number("events", stats.events);
  const auto end_of = [&](const char* name, Seq seq, std::int64_t time_ns) {
    json.key(name);
    if (stats.events == 0) {
      json.null();
    } else {
      json.begin().field_number("seq", seq).field("time", format_time(time_ns)).end();
    }
  };
  end_of("first", stats.first_seq, stats.first_ns);
  end_of("last", stats.last_seq, stats.last_ns);
  json.field_number("sessions_started", stats.sessions_started);
  json.field_number("sessions_ended", stats.sessions_ended);
  json.field_number("sealed_fields", stats.sealed_fields);
  for (const LogStats::Dimension& each : stats.dimensions()) {
    json.key(each.name).begin().key("counts").begin_list();
    for (const auto& [value, count] : each.counts.sorted()) {
      json.begin().field("value", escape_terminal(value)).field_number("events", count).end();
    }
    json.end_list().field_number("of_others", each.counts.of_others());
    json.key("cut").truth(each.counts.cut()).end();
  }
  out.line(json.end().str());
}

Result<int> stats(Environment& environment, StatsArgs& args) {
  PH_TRY(read_filter(args.narrow));
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  const Checkpoint head = log.reader->head().checkpoint;
  const auto [from, to] = seq_range(args.narrow.filter, head.size);
  note_removed(environment, *log.reader, from);
  LogStats counts;
  PH_TRY(walk_log(*log.reader, from, to, [&](const schema::Entry& entry) {
    if (args.narrow.filter.matches(entry)) counts.take(entry);
    return Status();
  }));
  if (args.json) {
    print_json(environment.out(), counts, head, query_text(args.narrow.filter),
               log.reader->first_kept());
  } else {
    print_text(environment.out(), counts, head.size);
  }
  record_about_log(environment, log,
                   audit_reported(environment.context(), "stats", head.size, head.root));
  return kExitOk;
}

}  // namespace

Command audit_stats_command() {
  const auto args = std::make_shared<StatsArgs>();
  Command command;
  command.words = {"audit", "stats"};
  command.summary = "count events by what they are, who acted and what was used";
  command.description =
      "One pass over the events that fit: counts by type, family, outcome, kind of actor, agent, "
      "project, secret that was used (injected, revealed, exported or further) and host. Of each "
      "the 20 most frequent are shown; --json has all, up to 10,000 distinct values, and says when "
      "there were more. The look is recorded as audit.reported. Nothing is checked here: phantom "
      "audit verify does that.";
  command.options = filter_options(args->narrow);
  command.options.push_back({"ledger", "DIR", "another ledger than one's own", &args->ledger});
  command.options.push_back({"json", "", "print one JSON object", &args->json});
  command.run = [args](Environment& environment) { return stats(environment, *args); };
  return command;
}

}  // namespace phantom
