#include "ledger/verify_report.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::string_view kLedgerChecks[] = {"ledger",      "files", "meta",  "entries", "tree",
                                              "checkpoints", "tags",  "ids",   "rows",    "head",
                                              "schema",      "key",   "trust", "anchors"};

constexpr int kFailedExit = 1;
constexpr int kIndeterminateExit = 3;
constexpr int kPolicyExit = 4;
constexpr int kIoExit = 74;
constexpr int kDeniedExit = 77;

CheckState state_of(const VerifyReport& report, std::string_view id) {
  for (const Check& check : report.checks) {
    if (check.id == id) return check.state;
  }
  return CheckState::kNotEvaluated;
}

bool passed(const VerifyReport& report, std::initializer_list<std::string_view> ids) {
  return std::all_of(ids.begin(), ids.end(), [&](std::string_view id) {
    return state_of(report, id) == CheckState::kPass;
  });
}

int rung_of(const VerifyReport& report) {
  if (!passed(report, {"ledger", "meta", "entries"})) return -1;
  if (!passed(report, {"files", "tree", "checkpoints", "tags", "ids", "rows", "head"})) return 0;
  if (!passed(report, {"key"})) return 1;
  // Anchors that are there and too old are anchors all the same.
  if (passed(report, {"anchors"}) || state_of(report, "anchors") == CheckState::kPolicy) return 4;
  return passed(report, {"trust"}) ? 3 : 2;
}

}  // namespace

Failure failure_of(std::string_view check, const Error& error) {
  Failure failure{std::string(check), error.message};
  // A file that the store names and that is not there is evidence, not a disk fault.
  const bool gone = error.message.find("No such file") != std::string::npos;
  if ((error.code == Code::kIo && !gone) || error.code == Code::kLimit) failure.exit_code = kIoExit;
  if (error.code == Code::kDenied) failure.exit_code = kDeniedExit;
  if (error.code == Code::kUnsupported) failure.exit_code = kIndeterminateExit;
  return failure;
}

VerifyReport new_ledger_report() {
  VerifyReport report;
  for (const std::string_view id : kLedgerChecks)
    report.checks.push_back({std::string(id), CheckState::kNotEvaluated, {}});
  return report;
}

void set_check(VerifyReport& report, std::string_view id, CheckState state, std::string reason) {
  for (Check& check : report.checks) {
    if (check.id != id) continue;
    check.state = state;
    check.reason = std::move(reason);
    return;
  }
  report.checks.push_back({std::string(id), state, std::move(reason)});
}

void set_failure(VerifyReport& report, const Failure& failure) {
  const bool contradiction = failure.exit_code == kFailedExit;
  set_check(report, failure.check, contradiction ? CheckState::kFail : CheckState::kIndeterminate,
            failure.reason);
  if (failure.seq) report.first_bad_seq = failure.seq;
  report.exit_code = failure.exit_code;
}

bool has_failure(const VerifyReport& report) {
  return report.exit_code == kFailedExit || report.exit_code == kIoExit ||
         report.exit_code == kDeniedExit;
}

void conclude(VerifyReport& report) {
  const auto any = [&](CheckState state) {
    return std::any_of(report.checks.begin(), report.checks.end(),
                       [&](const Check& check) { return check.state == state; });
  };
  if (any(CheckState::kFail)) {
    report.verdict = Verdict::kFailed;
    report.exit_code = kFailedExit;
  } else if (any(CheckState::kIndeterminate) || any(CheckState::kNotEvaluated)) {
    report.verdict = Verdict::kIndeterminate;
    if (!has_failure(report)) report.exit_code = kIndeterminateExit;
  } else if (any(CheckState::kPolicy)) {
    report.verdict = Verdict::kPolicy;
    report.exit_code = kPolicyExit;
  } else {
    report.verdict = Verdict::kVerified;
    report.exit_code = 0;
  }
  report.rung = rung_of(report);
}

}  // namespace phantom
