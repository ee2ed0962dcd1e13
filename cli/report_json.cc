#include "cli/report_json.h"

#include "cli/json.h"
#include "events/encoding.h"

namespace phantom {
namespace {

// JSON is UTF-8; a file name and what a damaged file holds may not be.
std::string utf8(std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t length = decode_utf8(rest).length;
    if (length == 0) return escape_terminal(text);
    rest.remove_prefix(length);
  }
  return std::string(text);
}

}  // namespace

std::string report_to_json(const Report& input) {
  const VerifyReport& report = input.result;
  Json json;
  json.begin().field_number("v", 1).field("subject", utf8(input.subject));
  json.field("verdict", verdict_name(report.verdict)).key("exit_code").integer(report.exit_code);
  json.field("rung", report.rung < 0 ? "none" : rung_name(report.rung).substr(0, 2));
  json.key("checks").begin_list();
  for (const Check& check : report.checks) {
    json.begin().field("id", check.id).field("status", check_state_name(check.state));
    json.field("reason", utf8(check.reason)).end();
  }
  json.end_list().key("head");
  if (report.head) {
    json.begin().field("origin", utf8(report.head->origin)).field_number("size", report.head->size);
    json.field("root", to_hex(report.head->root)).end();
  } else {
    json.null();
  }
  json.field("trust", input.trust).field_number("trusted_events", report.trusted_events);
  json.field_number("events", report.events).field_number("commits", report.commits);
  json.field_number("epochs", report.epochs).key("pruned");
  if (report.pruned) {
    json.begin().field_number("first_kept", report.pruned->first_kept);
    json.field_number("requested_seq", report.pruned->requested);
    json.field_number("asked_first_kept", report.pruned->asked);
    json.field("policy", utf8(report.pruned->policy)).end();
  } else {
    json.null();
  }
  json.key("first_bad_seq");
  if (report.first_bad_seq) {
    json.number(*report.first_bad_seq);
  } else {
    json.null();
  }
  json.key("unanchored").begin().field_number("events", report.unanchored_events);
  json.field("seconds", seconds_text(report.unanchored_ns)).end();
  json.key("not_checked").begin_list();
  for (const std::string& item : left_out(report)) json.text(utf8(item));
  return json.end_list().end().str() + "\n";
}

}  // namespace phantom
