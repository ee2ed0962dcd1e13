#include "cli/report_github.h"

#include "events/encoding.h"

namespace phantom {
namespace {

// GitHub shows ten annotations of a kind for a step. The last is the verdict.
constexpr std::size_t kFindingsMax = 9;

// As GitHub's toolkit does it: the message, or with `property` the value of a property.
enum class Part { kMessage, kProperty };

std::string escaped(std::string_view text, Part part) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else if (c == ':' && part == Part::kProperty) {
      out += "%3A";
    } else if (c == ',' && part == Part::kProperty) {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

std::string annotation(const Report& input, const Check& check) {
  return std::string(is_violation(check) ? "::error" : "::warning") +
         " file=" + escaped(escape_terminal(input.location), Part::kProperty) +
         ",line=1,title=" + escaped(check_rule(check.id), Part::kProperty) +
         "::" + escaped(finding_text(check), Part::kMessage) + "\n";
}

}  // namespace

std::string report_to_github(const Report& input) {
  const VerifyReport& report = input.result;
  const std::vector<const Check*> found = findings(report);
  std::string text;
  for (std::size_t i = 0; i < found.size() && i < kFindingsMax; ++i) {
    text += annotation(input, *found[i]);
  }
  std::string verdict = std::string(verdict_name(report.verdict)) + " " +
                        escape_terminal(input.subject) + ", rung " + rung_text(report);
  if (report.head) verdict += ", " + plural(report.head->size, "event");
  if (report.pruned) verdict += ", pruned: " + escape_terminal(pruned_text(*report.pruned));
  if (found.size() > kFindingsMax) {
    verdict += ", and " + std::to_string(found.size() - kFindingsMax) +
               " more findings, which the other formats show";
  }
  if (const auto missing = left_out(report); !missing.empty()) {
    verdict += "\nnot checked: " + escape_terminal(joined(missing));
  }
  return text + "::notice title=phantom audit verify::" + escaped(verdict, Part::kMessage) + "\n";
}

}  // namespace phantom
