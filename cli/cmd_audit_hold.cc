#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/filter_args.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "events/encoding.h"
#include "events/export_record.h"
#include "events/tags.h"
#include "ledger/holds.h"

#include <algorithm>

namespace phantom {
namespace {

struct HoldArgs {
  std::string action;
  std::optional<std::string> name;
  FilterArgs narrow;
  bool json = false;
};

Result<std::optional<Seq>> last_of(const LedgerReader& reader, const std::string& name) {
  PH_ASSIGN(const std::optional<TagState> tag, reader.tag(hold_tag(name)));
  return tag ? std::optional(tag->last_seq) : std::nullopt;
}

void print_change(Environment& environment, const HoldArgs& args, const Receipt& receipt,
                  const std::string& query) {
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("action", args.action).field("hold", *args.name);
    json.field("query", query).field_number("seq", receipt.seq);
    out.line(json.end().str());
  } else if (args.action == "add") {
    out.line("hold " + *args.name + " is in force, event " + std::to_string(receipt.seq) + ": " +
             (query.empty() ? "every event" : query));
  } else {
    out.line("hold " + *args.name + " is released, event " + std::to_string(receipt.seq));
  }
}

Result<int> list(Environment& environment, const HoldArgs& args) {
  PH_ASSIGN(const OpenLog log, open_log(environment, std::nullopt));
  PH_ASSIGN(const std::vector<Hold> holds, read_holds(*log.reader));
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).key("holds").begin_list();
    for (const Hold& hold : holds) {
      json.begin().field("hold", hold.name).field("query", hold.query);
      json.field_number("added_seq", hold.added).field("added", time_text(hold.added_ns)).end();
    }
    out.line(json.end_list().end().str());
  } else {
    for (const Hold& hold : holds) {
      out.line(escape_terminal(hold.name) + "  since event " + std::to_string(hold.added) + ": " +
               (hold.query.empty() ? "every event" : escape_terminal(hold.query)));
    }
    if (holds.empty()) out.note("no hold is in force");
  }
  return kExitOk;
}

Result<int> change(Environment& environment, HoldArgs& args) {
  if (!args.name) return Error{Code::kInvalid, "which hold? name it"};
  if (!is_hold_name(*args.name)) {
    return Error{Code::kInvalid, "a hold's name is 1 to 64 of a-z, 0-9, dot, underscore and dash"};
  }
  PH_TRY(read_filter(args.narrow));
  PH_ASSIGN(LedgerReader * reader, environment.reader());
  PH_ASSIGN(const std::vector<Hold> holds, read_holds(*reader));
  const bool there = std::any_of(holds.begin(), holds.end(),
                                 [&](const Hold& hold) { return hold.name == *args.name; });
  PH_ASSIGN(const std::optional<Seq> last, last_of(*reader, *args.name));
  std::string query;
  Draft draft;
  if (args.action == "add") {
    if (there) {
      return Error{Code::kExists, "the hold " + *args.name + " is in force already",
                   "name another one, or release it first"};
    }
    query = query_text(args.narrow.filter);
    draft = hold_added(environment.context(), *args.name, query, last);
  } else {
    if (!there) {
      return Error{Code::kNotFound, "there is no hold " + *args.name,
                   "'phantom audit hold list' shows those in force"};
    }
    draft = hold_released(environment.context(), *args.name, last);
  }
  PH_ASSIGN(Appender * appender, environment.appender());
  PH_ASSIGN(const Receipt receipt, appender->append(std::move(draft)));
  print_change(environment, args, receipt, query);
  return kExitOk;
}

}  // namespace

Command audit_hold_command() {
  const auto args = std::make_shared<HoldArgs>();
  Command command;
  command.words = {"audit", "hold"};
  command.summary = "keep events from being removed: add, release, list";
  command.description =
      "A hold in force keeps every event it covers, whatever a retention policy says: phantom "
      "audit "
      "retention refuses to remove one. add takes the filters of phantom audit show; without any "
      "it "
      "covers everything, also what is yet to come. Adding and releasing are recorded.";
  command.positionals = {
      {"ACTION",
       "add, release or list",
       &args->action,
       Need::kRequired,
       {"add", "release", "list"}},
      {"NAME", "the hold: a short code, such as case-7", &args->name, Need::kOptional}};
  command.options = filter_options(args->narrow);
  command.options.push_back({"json", "", "print one JSON object", &args->json});
  command.run = [args](Environment& environment) {
    return args->action == "list" ? list(environment, *args) : change(environment, *args);
  };
  return command;
}

}  // namespace phantom
