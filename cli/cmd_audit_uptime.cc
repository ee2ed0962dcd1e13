#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "cli/log_walk.h"
#include "cli/period.h"
#include "cli/report.h"
#include "cli/uptime.h"
#include "events/clock.h"
#include "events/encoding.h"

namespace phantom {
namespace {

constexpr UpState kStates[] = {UpState::kUp, UpState::kDegraded, UpState::kDown, UpState::kUnknown};

struct UptimeArgs {
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::string> ledger;
  bool json = false;
};

std::string percent(std::uint64_t hundredths) {
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + "." + (rest.size() < 2 ? "0" : "") + rest + "%";
}

std::string time_of(std::int64_t ns) { return format_time(ns).substr(0, 23) + "Z"; }

void print_text(Output& out, const Uptime& uptime) {
  for (const UpInterval& each : uptime.intervals) {
    std::string state = up_state_name(each.state);
    state.resize(8, ' ');
    out.line(time_of(each.from_ns) + "  " + time_of(each.to_ns) + "  " + state + "  " +
             seconds_text(each.to_ns - each.from_ns) + " s");
  }
  for (const UpState state : kStates) {
    std::string name = up_state_name(state);
    name.resize(8, ' ');
    out.line(name + "  " + seconds_text(uptime.total_ns(state)) + " s  " +
             percent(uptime.share(state)));
  }
  out.line("recorders " + std::to_string(uptime.recorders) + ", of which lost " +
           std::to_string(uptime.lost));
  out.line(
      "down: nothing ran that records, as far as the record says; it is no proof that "
      "nothing happened.");
  out.line(
      "unknown: a recorder had started and neither beat in twice its interval nor stopped, or its "
      "start is among events that were removed.");
}

void print_json(Output& out, const Uptime& uptime, const Checkpoint& head,
                const std::optional<Seq>& cut_to) {
  Json json;
  json.begin().field_number("v", 1);
  json.field("from", format_time(uptime.from_ns)).field("to", format_time(uptime.to_ns));
  json.key("checkpoint").begin().field("origin", head.origin).field_number("size", head.size);
  json.field("root", to_hex(head.root)).end();
  json.key("removed_before");
  cut_to ? json.number(*cut_to) : json.null();
  json.key("intervals").begin_list();
  for (const UpInterval& each : uptime.intervals) {
    json.begin().field("from", format_time(each.from_ns)).field("to", format_time(each.to_ns));
    json.field("state", up_state_name(each.state));
    json.key("duration_ms").integer((each.to_ns - each.from_ns) / 1'000'000).end();
  }
  json.end_list().key("totals").begin();
  for (const UpState state : kStates) {
    json.key(up_state_name(state)).begin();
    json.key("duration_ms").integer(uptime.total_ns(state) / 1'000'000);
    json.field("percent", percent(uptime.share(state))).end();
  }
  json.end().field_number("recorders", uptime.recorders).field_number("lost", uptime.lost);
  out.line(json.end().str());
}

Result<int> uptime(Environment& environment, const UptimeArgs& args) {
  PH_ASSIGN(const PeriodBounds bounds, parse_bounds(args.from, args.to));
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  const Checkpoint head = log.reader->head().checkpoint;
  PH_ASSIGN(const Period period, read_period(*log.reader, head.size, bounds));
  if (period.cut_to) note_removed(environment, *log.reader, 0);
  UptimeFold fold;
  if (period.left_ns) fold.begin_at(*period.left_ns);
  // From the first event on: who was up at the start of the period had started before it.
  PH_TRY(walk_log(*log.reader, 0, head.size, [&](const schema::Entry& entry) {
    return entry.time_ns() < period.to_ns ? fold.take(entry) : Status();
  }));
  const Uptime result = fold.finish(period.from_ns, period.to_ns);
  if (args.json) {
    print_json(environment.out(), result, head, period.cut_to);
  } else {
    print_text(environment.out(), result);
  }
  record_about_log(environment, log,
                   audit_reported(environment.context(), "uptime", head.size, head.root));
  return kExitOk;
}

}  // namespace

Command audit_uptime_command() {
  const auto args = std::make_shared<UptimeArgs>();
  Command command;
  command.words = {"audit", "uptime"};
  command.summary = "show when somebody was there to record, and when not";
  command.description =
      "Folds starts, heartbeats and ends of recorders and sessions into stretches of time. up: a "
      "service or a session was there. degraded: one was, while another was silent or the disk "
      "was full. down: nothing ran that records. unknown: a recorder had started and neither beat "
      "within twice its interval nor stopped; it may have been suspended, unable to record, or "
      "killed. Without --to the period ends with the newest event. The look is recorded as "
      "audit.reported.";
  command.options = {{"from", "POINT", "from this event number or time on", &args->from},
                     {"to", "POINT", "up to this event number or time, without it", &args->to},
                     {"ledger", "DIR", "another ledger than one's own", &args->ledger},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return uptime(environment, *args); };
  return command;
}

}  // namespace phantom
