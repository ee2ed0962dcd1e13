#include "cli/verify_text.h"

#include "cli/json.h"
#include "events/encoding.h"

#include <algorithm>
#include <iterator>

namespace phantom {
namespace {

std::string seconds_text(std::int64_t ns) {
  const std::int64_t tenths = ns / 100'000'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string plural(std::uint64_t count, const char* thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

// What the report names, and every check that something before it kept from running.
std::vector<std::string> left_out(const VerifyReport& report) {
  std::vector<std::string> items = report.not_checked;
  for (const Check& check : report.checks) {
    if (check.state == CheckState::kNotEvaluated) items.push_back(check.id);
  }
  return items;
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kVerified:
      return "VERIFIED";
    case Verdict::kFailed:
      return "FAILED";
    case Verdict::kIndeterminate:
      return "INDETERMINATE";
  }
  return "INDETERMINATE";
}

const char* check_state_name(CheckState state) {
  switch (state) {
    case CheckState::kPass:
      return "pass";
    case CheckState::kFail:
      return "fail";
    case CheckState::kIndeterminate:
      return "indeterminate";
    case CheckState::kNotEvaluated:
      return "not_evaluated";
    case CheckState::kSkipped:
      return "skipped";
  }
  return "not_evaluated";
}

std::string rung_name(int rung) {
  static const char* const kNames[] = {"L0 parses", "L1 consistent", "L2 authentic",
                                       "L3 append-only", "L4 externally anchored"};
  if (rung < 0 || static_cast<std::size_t>(rung) >= std::size(kNames)) return "none";
  return kNames[rung];
}

std::string report_to_text(const VerifyReport& report, const std::string& subject) {
  std::string text = std::string(verdict_name(report.verdict)) + " " + escape_terminal(subject);
  text += "\nrung: " + rung_name(report.rung) + "\n";
  if (report.head) {
    text += "head: " + plural(report.head->size, "event") + ", root " + to_hex(report.head->root) +
            "\norigin: " + escape_terminal(report.head->origin) + "\n";
  }
  if (report.commits > 0) {
    text += "read: " + plural(report.events, "event") + ", " + plural(report.commits, "commit") +
            ", " + plural(report.epochs, "epoch") + "\n";
    if (report.trusted_events > 0) {
      text += "trusted: " + plural(report.trusted_events, "event") + " before them\n";
    }
  }
  for (const Check& check : report.checks) {
    std::string state = check_state_name(check.state);
    state.resize(std::max<std::size_t>(state.size(), 13), ' ');
    text += "  " + state + " " + check.id;
    if (!check.reason.empty()) text += ": " + escape_terminal(check.reason);
    text += "\n";
  }
  if (report.first_bad_seq) {
    text += "first bad event: " + std::to_string(*report.first_bad_seq) + "\n";
  }
  // A proof of one event has no tail.
  const bool of_ledger = std::any_of(report.checks.begin(), report.checks.end(),
                                     [](const Check& check) { return check.id == "anchors"; });
  if (of_ledger) {
    text += "unanchored tail: ";
    text += report.head ? plural(report.unanchored_events, "event") + ", " +
                              seconds_text(report.unanchored_ns) + " s\n"
                        : "unknown\n";
  }
  const std::vector<std::string> missing = left_out(report);
  text +=
      "not checked: " +
      (missing.empty() ? std::string("nothing was left out") : escape_terminal(joined(missing))) +
      "\n";
  return text;
}

std::string report_to_json(const VerifyReport& report, const std::string& subject) {
  Json json;
  json.begin().field_number("v", 1).field("subject", subject);
  json.field("verdict", verdict_name(report.verdict)).key("exit_code").integer(report.exit_code);
  json.field("rung", report.rung < 0 ? "none" : rung_name(report.rung).substr(0, 2));
  json.key("checks").begin_list();
  for (const Check& check : report.checks) {
    json.begin().field("id", check.id).field("status", check_state_name(check.state));
    json.field("reason", check.reason).end();
  }
  json.end_list().key("head");
  if (report.head) {
    json.begin().field("origin", report.head->origin).field_number("size", report.head->size);
    json.field("root", to_hex(report.head->root)).end();
  } else {
    json.null();
  }
  json.field_number("trusted_events", report.trusted_events);
  json.field_number("events", report.events).field_number("commits", report.commits);
  json.field_number("epochs", report.epochs).key("first_bad_seq");
  if (report.first_bad_seq) {
    json.number(*report.first_bad_seq);
  } else {
    json.null();
  }
  json.key("unanchored").begin().field_number("events", report.unanchored_events);
  json.field("seconds", seconds_text(report.unanchored_ns)).end();
  json.key("not_checked").begin_list();
  for (const std::string& item : left_out(report)) json.text(item);
  return json.end_list().end().str();
}

}  // namespace phantom
