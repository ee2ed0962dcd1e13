#include "cli/control_report.h"
#include "cli/json.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "events/sha256.h"

namespace phantom {
namespace {

void add_seqs(Json& json, const std::vector<Seq>& seqs) {
  json.begin_list();
  for (const Seq seq : seqs) json.number(seq);
  json.end_list();
}

void add_event(Json& json, const NotedEvent& event) {
  json.begin().field_number("seq", event.seq).field("time", format_time(event.time_ns));
  for (const auto& [name, value] : event.fields) json.field(name, value);
  json.end();
}

void add_events(Json& json, const char* name, const NotedEvents& events) {
  json.key(name).begin().field_number("count", events.count).key("listed").begin_list();
  for (const NotedEvent& each : events.listed) add_event(json, each);
  json.end_list().end();
}

void add_uptime(Json& json, const Uptime& uptime) {
  json.key("recording").begin();
  for (const UpState state :
       {UpState::kUp, UpState::kDegraded, UpState::kDown, UpState::kUnknown}) {
    json.key(std::string(up_state_name(state)) + "_ms").integer(uptime.total_ns(state) / 1'000'000);
  }
  json.field_number("recorders", uptime.recorders).field_number("lost", uptime.lost);
  std::uint64_t count = 0;
  const auto gaps = report_gaps(uptime, count);
  json.field_number("gaps", count).key("listed").begin_list();
  for (const UpInterval& gap : gaps) {
    json.begin().field("from", format_time(gap.from_ns)).field("to", format_time(gap.to_ns));
    json.field("state", up_state_name(gap.state)).end();
  }
  json.end_list().end();
}

void add_requirement(Json& json, const Requirement& asked, const RequirementEvidence& found) {
  json.begin().field("id", asked.id).field("title", asked.title);
  json.key("queries").begin_list();
  for (std::size_t i = 0; i < asked.queries.size(); ++i) {
    json.begin().field("query", asked.queries[i]).field_number("events", found.by_query[i]).end();
  }
  json.end_list().field_number("events", found.count);
  json.field("evidence", found.count == 0 ? kNoEvidence : "events");
  json.key("first_seq");
  found.count == 0 ? json.null() : json.number(found.first);
  json.key("last_seq");
  found.count == 0 ? json.null() : json.number(found.last);
  json.key("sample_seqs");
  add_seqs(json, found.sample.pick());
  json.key("recording_gaps_apply").truth(asked.recording == Recording::kAsked);
  json.field("shows", asked.shows).field("does_not_show", asked.does_not_show).end();
}

}  // namespace

std::string evidence_json(const ControlReport& report) {
  Json json;
  json.begin().field("framework", report.framework->name);
  json.field("framework_title", report.framework->title).field("claim", kReportClaim);
  json.key("ledger").begin().field("origin", escape_terminal(report.checkpoint.origin));
  json.field("ledger_id", escape_terminal(report.ledger_id));
  json.field("vkey", escape_terminal(report.vkey)).end();
  json.key("checkpoint").begin().field_number("size", report.checkpoint.size);
  json.field("root", to_hex(report.checkpoint.root)).field("note", report.checkpoint_note).end();
  json.key("period").begin().field("from", format_time(report.period.from_ns));
  json.field("to", format_time(report.period.to_ns)).field_number("events", report.events);
  json.key("removed_before");
  report.period.cut_to ? json.number(*report.period.cut_to) : json.null();
  json.end().key("requirements").begin_list();
  for (std::size_t i = 0; i < report.requirements.size(); ++i) {
    add_requirement(json, report.framework->requirements[i], report.requirements[i]);
  }
  json.end_list();
  add_uptime(json, report.uptime);
  json.key("anchors").begin().field_number("count", report.anchored).key("newest");
  if (report.newest_anchor) {
    add_event(json, *report.newest_anchor);
    json.key("newest_age_ms_at_checkpoint")
        .integer((report.newest_event_ns - report.newest_anchor->time_ns) / 1'000'000);
  } else {
    json.null().key("newest_age_ms_at_checkpoint").null();
  }
  add_events(json, "problems", report.anchor_problems);
  json.end();
  add_events(json, "erased_subjects", report.erasures);
  add_events(json, "prunes", report.prunes);
  add_events(json, "exports", report.exports);
  return json.end().str();
}

std::string replay_hash(std::string_view evidence) { return to_hex(sha256(as_bytes(evidence))); }

std::string report_document(std::string_view evidence, const ReportVerification& verification) {
  Json json;
  json.begin().field("verdict", verification.verdict).field("rung", verification.rung);
  json.field_number("checked_size", verification.checked_size).key("findings").begin_list();
  for (const std::string& finding : verification.findings) json.text(finding);
  json.end_list().end();
  std::string text = "{\"v\":1,\"report\":\"phantom.report.v1\",\"evidence\":";
  text += evidence;
  text += ",\"replay_hash\":\"" + replay_hash(evidence) + "\",\"verification\":" + json.str();
  return text + "}\n";
}

}  // namespace phantom
