#include "cli/retention_text.h"

#include "cli/json.h"
#include "events/encoding.h"
#include "events/export_record.h"

namespace phantom {
namespace {

std::string limit_text(RetentionLimit limit) {
  switch (limit) {
    case RetentionLimit::kAge:
      return "the next events are too young";
    case RetentionLimit::kEpoch:
      return "the epoch in force begins there; 'phantom ledger rotate-key' ends it";
    case RetentionLimit::kAnchor:
      return "nothing after it is anchored, and the anchor policy asks for that";
    case RetentionLimit::kUnfinished:
      return "an earlier removal was cut off; 'phantom audit retention apply' ends it";
  }
  return "";
}

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

std::string plan_to_text(const RetentionPlan& plan, const RetentionRule& rule) {
  std::string text = "policy       " + policy_text(rule) + "\n";
  text += "cutoff       " + time_text(plan.cutoff_ns) + "\n";
  text += "first kept   event " + number(plan.first_kept) + ", now event " +
          number(plan.first_kept_now) + "\n";
  text += "limited by   " + limit_text(plan.limit) + "\n";
  text += "would go     " + number(plan.events) + " events, " + number(plan.bytes) + " bytes\n";
  text += "would stay   " + number(plan.state_events) +
          " events before it that hold state, and 32 bytes for each that goes\n";
  if (plan.oldest_kept_ns) text += "oldest kept  " + time_text(*plan.oldest_kept_ns) + "\n";
  text += "holds        " + number(plan.holds) + " in force\n";
  for (const HoldBlock& block : plan.blocks) {
    text += "blocked by   hold " + escape_terminal(block.hold.name) + ", from event " +
            number(block.first_event) + " on (" +
            (block.hold.query.empty() ? "every event" : escape_terminal(block.hold.query)) + ")\n";
  }
  if (!plan.blocks.empty()) {
    text += "up to holds  event " + number(plan.without_holds) + ": " +
            number(plan.events_without_holds) + " events would go\n";
  }
  return text;
}

std::string plan_to_json(const RetentionPlan& plan, const RetentionRule& rule) {
  Json json;
  json.begin().field_number("v", 1).field("policy", policy_text(rule));
  json.field("cutoff", time_text(plan.cutoff_ns));
  json.field_number("first_kept", plan.first_kept);
  json.field_number("first_kept_now", plan.first_kept_now);
  json.field("limited_by", retention_limit_name(plan.limit));
  json.field_number("events", plan.events).field_number("bytes", plan.bytes);
  json.field_number("state_events", plan.state_events);
  json.key("oldest_kept");
  if (plan.oldest_kept_ns) {
    json.text(time_text(*plan.oldest_kept_ns));
  } else {
    json.null();
  }
  json.field_number("holds", plan.holds).key("blocked_by").begin_list();
  for (const HoldBlock& block : plan.blocks) {
    json.begin().field("hold", block.hold.name).field("query", block.hold.query);
    json.field_number("first_event", block.first_event).end();
  }
  json.end_list().field_number("first_kept_up_to_holds", plan.without_holds);
  json.field_number("events_up_to_holds", plan.events_without_holds);
  return json.end().str();
}

}  // namespace phantom
