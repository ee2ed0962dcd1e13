#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "cli/progress.h"
#include "cli/session_list.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "events/envelope.h"

namespace phantom {
namespace {

constexpr std::uint64_t kLastDefault = 20;
constexpr std::uint64_t kLastMax = 10'000;
constexpr Seq kStretch = 4'096;

struct SessionsArgs {
  std::optional<std::string> project;
  std::optional<std::string> ledger;
  std::optional<std::uint64_t> last;
  bool json = false;
};

// From the end, a stretch at a time; stops as soon as there are enough.
Status read_back(const LedgerReader& reader, SessionFold& fold) {
  const Seq size = reader.head().checkpoint.size;
  const Seq begin = reader.first_kept();
  Progress progress("events");
  for (Seq to = size; to > begin && !fold.full();) {
    const Seq from = to - begin > kStretch ? to - kStretch : begin;
    std::vector<Bytes> wanted;
    Status bad;
    PH_TRY(reader.scan(from, to, [&](Seq, const Bytes& bytes) {
      const auto entry = parse_entry(bytes);
      if (!entry.ok()) bad = entry.error();
      if (entry.ok() && SessionFold::wants((*entry)->type())) wanted.push_back(bytes);
      return bad.ok();
    }));
    PH_TRY(bad);
    for (auto each = wanted.rbegin(); each != wanted.rend(); ++each) {
      PH_ASSIGN(const schema::Entry* entry, parse_entry(*each));
      PH_TRY(fold.take(*entry));
    }
    to = from;
    progress.show(size - to, size - begin);
  }
  return {};
}

void print_text(Output& out, const std::vector<SessionLine>& sessions) {
  for (const SessionLine& each : sessions) {
    std::string end = each.end;
    end.resize(12, ' ');
    out.line(format_time(each.started_ns).substr(0, 19) + "Z  " + end +
             escape_terminal(each.session) + "  " + each.kind + "  " +
             escape_terminal(each.command) + "  " + escape_terminal(each.agent_tool) + "  " +
             std::to_string(each.requests) + (each.kind == "mcp" ? " calls" : " requests"));
  }
}

void print_json(Output& out, const std::vector<SessionLine>& sessions) {
  Json json;
  json.begin().field_number("v", 1).key("sessions").begin_list();
  for (const SessionLine& each : sessions) {
    json.begin().field("session", escape_terminal(each.session)).field("kind", each.kind);
    json.field("end", each.end).field("command", escape_terminal(each.command));
    json.field("project", escape_terminal(each.project)).field("actor_kind", each.actor_kind);
    json.field("agent_tool", escape_terminal(each.agent_tool));
    json.field("started", format_time(each.started_ns)).key("ended");
    each.ended_ns == 0 ? json.null() : json.text(format_time(each.ended_ns));
    json.key("exit_code").integer(each.exit_code).field_number("requests", each.requests);
    json.field_number("denied", each.denied).field_number("seq", each.seq).end();
  }
  out.line(json.end_list().end().str());
}

Result<int> sessions(Environment& environment, const SessionsArgs& args) {
  const std::uint64_t last = args.last.value_or(kLastDefault);
  if (last == 0 || last > kLastMax) return Error{Code::kInvalid, "--last is from 1 to 10000"};
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  const Checkpoint head = log.reader->head().checkpoint;
  SessionFold fold(args.project.value_or(""), static_cast<std::size_t>(last));
  PH_TRY(read_back(*log.reader, fold));
  if (!fold.full()) note_removed(environment, *log.reader, 0);
  (args.json ? print_json : print_text)(environment.out(), fold.sessions());
  record_about_log(environment, log,
                   audit_reported(environment.context(), "sessions", head.size, head.root));
  return kExitOk;
}

}  // namespace

Command sessions_command() {
  const auto args = std::make_shared<SessionsArgs>();
  Command command;
  command.words = {"sessions"};
  command.summary = "list what ran under phantom, newest first";
  command.description =
      "Commands that ran under phantom exec, connections of MCP clients, and commands that were "
      "refused: when, who, how it ended. An end of 'open' means that none was recorded: it goes "
      "on, or ended in a way nobody saw. The look is recorded as audit.reported. Nothing is "
      "checked here: phantom audit verify does that.";
  command.options = {{"last", "N", "how many, 20 if not given", &args->last},
                     {"project", "ID", "of this project only", &args->project},
                     {"ledger", "DIR", "another ledger than one's own", &args->ledger},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return sessions(environment, *args); };
  return command;
}

}  // namespace phantom
