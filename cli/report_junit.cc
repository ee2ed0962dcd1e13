#include "cli/report_junit.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

// Text or attribute value, on one line: a log that shows the file must not take a part of it for a
// command of its own. XML 1.0 has no way to write some characters at all; those that an
// escaped text can still hold become a replacement character.
std::string xml(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Character next = decode_utf8(text);
    const std::size_t length = std::max<std::size_t>(next.length, 1);
    const bool control = next.code < 0x20 && next.code != '\n';
    if (next.length == 0 || control || next.code == 0xfffe || next.code == 0xffff) {
      out += "\xef\xbf\xbd";
    } else if (next.code == '\n') {
      out += "&#10;";
    } else if (next.code == '&') {
      out += "&amp;";
    } else if (next.code == '<') {
      out += "&lt;";
    } else if (next.code == '>') {
      out += "&gt;";
    } else if (next.code == '"') {
      out += "&quot;";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

std::string attribute(const char* name, std::string_view value) {
  return std::string(" ") + name + "=\"" + xml(value) + '"';
}

std::string property(const char* name, std::string_view value) {
  return "      <property" + attribute("name", name) + attribute("value", value) + "/>\n";
}

// What stands inside a test case; empty for a check that passed and has nothing to say.
std::string outcome_of(const Check& check, bool found) {
  if (found) {
    const std::string text = finding_text(check);
    const std::string name = is_violation(check) ? "failure" : "error";
    return "      <" + name + attribute("message", first_line(text)) +
           attribute("type", check_state_name(check.state)) + ">" + xml(text) + "</" + name + ">\n";
  }
  if (check.state != CheckState::kPass) {
    return "      <skipped" +
           attribute("message", check.state == CheckState::kNotEvaluated
                                    ? std::string("something before it kept it from running")
                                    : first_line(finding_text(check))) +
           "/>\n";
  }
  if (check.reason.empty()) return "";
  return "      <system-out>" + xml(finding_text(check)) + "</system-out>\n";
}

}  // namespace

std::string report_to_junit(const Report& input) {
  const VerifyReport& report = input.result;
  const std::vector<const Check*> found = findings(report);
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  std::string cases;
  for (const Check& check : report.checks) {
    const bool is_found = std::find(found.begin(), found.end(), &check) != found.end();
    if (is_found) {
      ++(is_violation(check) ? failures : errors);
    } else if (check.state != CheckState::kPass) {
      ++skipped;
    }
    const std::string outcome = outcome_of(check, is_found);
    cases += "    <testcase" + attribute("classname", "phantom.audit") +
             attribute("name", check.id) + attribute("time", "0");
    cases += outcome.empty() ? "/>\n" : ">\n" + outcome + "    </testcase>\n";
  }
  const std::string counts = attribute("tests", std::to_string(report.checks.size())) +
                             attribute("failures", std::to_string(failures)) +
                             attribute("errors", std::to_string(errors));
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts + ">\n  <testsuite" +
         attribute("name", "phantom.audit") + counts +
         attribute("skipped", std::to_string(skipped)) + attribute("time", "0") +
         ">\n    <properties>\n" + property("subject", escape_terminal(input.subject)) +
         property("verdict", verdict_name(report.verdict)) +
         property("exit_code", std::to_string(report.exit_code)) +
         property("rung", rung_text(report)) +
         (report.pruned ? property("pruned", escape_terminal(pruned_text(*report.pruned)))
                        : std::string()) +
         "    </properties>\n" + cases + "  </testsuite>\n</testsuites>\n";
}

}  // namespace phantom
