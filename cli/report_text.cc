#include "cli/report_text.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {

std::string report_to_text(const Report& input) {
  const VerifyReport& report = input.result;
  std::string text =
      std::string(verdict_name(report.verdict)) + " " + escape_terminal(input.subject);
  text += "\nrung: " + rung_text(report) + "\n";
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
  if (report.pruned) text += "pruned: " + escape_terminal(pruned_text(*report.pruned)) + "\n";
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
  if (is_of_log(report)) {
    text += "trust: " + input.trust + "\n";
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

}  // namespace phantom
