#include "cli/anchor_results.h"

#include "cli/json.h"
#include "events/clock.h"
#include "events/encoding.h"

namespace phantom {
namespace {

const char* state_name(AnchorResult::State state) {
  switch (state) {
    case AnchorResult::State::kAnchored:
      return "anchored";
    case AnchorResult::State::kCurrent:
      return "current";
    case AnchorResult::State::kNotDue:
      return "not_due";
    case AnchorResult::State::kManual:
      return "manual";
    case AnchorResult::State::kFailed:
      return "failed";
    case AnchorResult::State::kConflict:
      return "conflict";
  }
  return "failed";
}

std::string line_of(const AnchorResult& result) {
  const std::string name = escape_terminal(result.anchor);
  const std::string events = std::to_string(result.size) + " events";
  switch (result.state) {
    case AnchorResult::State::kAnchored:
      return name + ": anchored " + events +
             (result.vouched_ns == 0 ? "" : " at " + format_time(result.vouched_ns));
    case AnchorResult::State::kCurrent:
      return name + ": has " + events + " already";
    case AnchorResult::State::kNotDue:
      return name + ": not due, has " + events;
    case AnchorResult::State::kManual:
      return name + ": left out, it is asked by hand";
    case AnchorResult::State::kFailed:
      return name + ": failed";
    case AnchorResult::State::kConflict:
      return name + ": CONFLICT";
  }
  return name;
}

}  // namespace

std::string anchor_results_json(const std::vector<AnchorResult>& results) {
  Json json;
  json.begin().field_number("v", 1).key("anchors").begin_list();
  for (const AnchorResult& result : results) {
    json.begin().field("anchor", result.anchor).field("kind", result.kind);
    json.field("state", state_name(result.state)).field_number("size", result.size);
    if (result.vouched_ns != 0) json.field("vouched", format_time(result.vouched_ns));
    if (result.error) json.field("reason", result.error->message);
    if (!result.message.empty()) json.field("reason", result.message);
    if (!result.evidence.empty()) json.field("evidence", result.evidence);
    json.key("recorded").truth(!result.unrecorded).end();
  }
  return json.end_list().end().str();
}

void show_anchor_results(Output& out, const std::vector<AnchorResult>& results) {
  for (const AnchorResult& result : results) {
    out.line(line_of(result));
    if (result.error) out.error(*result.error);
    if (result.state == AnchorResult::State::kConflict) {
      out.note(result.message);
      if (!result.evidence.empty()) out.hint("both sides are kept in " + result.evidence);
    }
    if (result.unrecorded) {
      out.note("this is not on record: " + result.unrecorded->message);
    }
  }
}

int exit_code_of(const std::vector<AnchorResult>& results) {
  int code = kExitOk;
  for (const AnchorResult& result : results) {
    if (result.state == AnchorResult::State::kConflict) return kExitFailed;
    if (code != kExitOk) continue;
    if (result.error) {
      code = exit_code_of(result.error->code);
    } else if (result.unrecorded) {
      code = exit_code_of(result.unrecorded->code);
    }
  }
  return code;
}

}  // namespace phantom
