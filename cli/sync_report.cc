#include "cli/sync_report.h"

#include "cli/json.h"
#include "cli/platform_session.h"
#include "events/encoding.h"
#include "vault/secret_name.h"

#include <algorithm>

namespace phantom {
namespace {

using State = SyncOutcome::State;

bool is_planned(const SyncOutcome& outcome, const TargetReport& report, SyncMode mode) {
  return mode == SyncMode::kDryRun && outcome.state == State::kNotTried &&
         report.report.asked.result == PlatformResult::kDone;
}

std::string padded(std::string text, std::size_t columns) {
  if (text.size() < columns) text.append(columns - text.size(), ' ');
  return text;
}

std::string item_result(const SyncOutcome& outcome) {
  if (outcome.state == State::kBlocked) {
    return outcome.result_name() + ": " + outcome.item.write.name + " " + outcome.item.problem;
  }
  if (outcome.state != State::kFailed) return outcome.result_name();
  return "failed: " + spoken_ending(outcome.ending.result, outcome.ending.http_status,
                                    outcome.ending.attempts, "");
}

// Which of several variables of one name, where a place has several.
std::string places_of(const SyncOutcome& outcome, const SyncTarget& target) {
  if (outcome.item.write.places.empty() || target.places.size() < 2) return "";
  std::string text;
  for (const std::string& place : outcome.item.write.places) {
    text += (text.empty() ? " (" : ", ") + place;
  }
  return text + ")";
}

void write_item(Json& json, const SyncOutcome& outcome, bool planned) {
  const WriteItem& write = outcome.item.write;
  json.begin().field("name", split_secret_name(outcome.item.full_name).name);
  json.field("remote_name", write.name).field_number("version", outcome.item.version);
  json.field("action", sync_action_name(outcome.item.action));
  json.field("result", planned ? "planned" : outcome.result_name());
  json.key("places").begin_list();
  for (const std::string& place : write.places) json.text(place);
  json.end_list();
  json.field_number("http_status", static_cast<std::uint64_t>(outcome.ending.http_status));
  json.field_number("attempts", outcome.ending.attempts);
  json.key("problem");
  if (outcome.item.problem.empty()) {
    json.null();
  } else {
    json.text(outcome.item.problem);
  }
  json.end();
}

}  // namespace

SyncCounts count_outcomes(const std::vector<TargetReport>& reports, SyncMode mode) {
  SyncCounts counts;
  for (const TargetReport& each : reports) {
    for (const SyncOutcome& outcome : each.report.outcomes) {
      if (outcome.state == State::kDone) {
        ++counts.done;
      } else if (outcome.state == State::kUnchanged) {
        ++counts.unchanged;
      } else if (is_planned(outcome, each, mode)) {
        ++counts.planned;
      } else {
        ++counts.failed;
      }
    }
  }
  return counts;
}

ExitCode sync_exit_code(const std::vector<TargetReport>& reports, SyncMode mode) {
  bool failed = false;
  bool lasting = false;
  for (const TargetReport& each : reports) {
    const PlatformResult asked = each.report.asked.result;
    failed = failed || asked != PlatformResult::kDone;
    lasting = lasting || (asked != PlatformResult::kDone && !is_temporary(asked));
    for (const SyncOutcome& outcome : each.report.outcomes) {
      if (!outcome.failed() || is_planned(outcome, each, mode)) continue;
      failed = true;
      lasting = lasting || !outcome.temporary();
    }
  }
  if (!failed) return kExitOk;
  const SyncCounts counts = count_outcomes(reports, mode);
  return lasting || counts.done + counts.unchanged + counts.planned > 0 ? kExitFailed
                                                                        : kExitTemporary;
}

std::string sync_text(const std::vector<TargetReport>& reports, SyncMode mode) {
  std::string text;
  for (const TargetReport& each : reports) {
    const SyncReport& report = each.report;
    text += each.target.describe() + " from " + each.target.environment + "\n";
    if (report.asked.result != PlatformResult::kDone) {
      text += "  " +
              escape_terminal("not reached: " +
                              spoken_ending(report.asked.result, report.asked.http_status,
                                            report.asked.attempts, report.trouble)) +
              "\n";
    }
    std::size_t columns = 0;
    for (const SyncOutcome& outcome : report.outcomes) {
      columns = std::max(columns, outcome.item.write.name.size());
    }
    for (const SyncOutcome& outcome : report.outcomes) {
      std::string line =
          "  " + padded(sync_action_name(outcome.item.action), 10) + outcome.item.write.name;
      const bool planned = is_planned(outcome, each, mode);
      const bool plain = planned || outcome.state == State::kUnchanged;
      if (!plain) line = padded(line, 12 + columns) + "  " + item_result(outcome);
      if (planned) line += places_of(outcome, each.target);
      text += escape_terminal(line) + "\n";
    }
    if (report.outcomes.empty()) text += "  nothing to do\n";
    std::string left;
    for (const std::string& name : each.left) left += (left.empty() ? "" : ", ") + name;
    if (!left.empty()) {
      text += "  left alone, phantom did not put it there: " + escape_terminal(left) + "\n";
    }
  }
  return text;
}

std::string sync_json(const std::string& environment, const std::vector<TargetReport>& reports,
                      SyncMode mode) {
  const SyncCounts counts = count_outcomes(reports, mode);
  Json json;
  json.begin().field_number("v", 1).field("environment", environment);
  json.key("dry_run").truth(mode == SyncMode::kDryRun);
  json.field_number("done", counts.done).field_number("unchanged", counts.unchanged);
  json.field_number("planned", counts.planned).field_number("failed", counts.failed);
  json.key("targets").begin_list();
  for (const TargetReport& each : reports) {
    const SyncEnding& asked = each.report.asked;
    json.begin().field("platform", each.target.config.platform);
    json.field("project", each.target.config.project);
    json.key("places").begin_list();
    for (const std::string& place : each.target.places) json.text(place);
    json.end_list();
    json.field("list", platform_result_name(asked.result));
    json.field_number("http_status", static_cast<std::uint64_t>(asked.http_status));
    json.key("items").begin_list();
    for (const SyncOutcome& outcome : each.report.outcomes) {
      write_item(json, outcome, is_planned(outcome, each, mode));
    }
    json.end_list().key("left").begin_list();
    for (const std::string& name : each.left) json.text(name);
    json.end_list().end();
  }
  return json.end_list().end().str();
}

}  // namespace phantom
