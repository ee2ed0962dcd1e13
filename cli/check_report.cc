#include "cli/check_report.h"

#include "cli/json.h"
#include "cli/report.h"
#include "cli/report_location.h"
#include "events/encoding.h"
#include "events/sha256.h"

#include <map>
#include <set>

namespace phantom {
namespace {

std::string what_of(const CheckFinding& finding) {
  return std::string(finding.rule->provider) + " " + std::string(finding.rule->what);
}

// Stays the same while the finding stays where it is; says nothing of the value.
std::string fingerprint_of(const CheckFinding& finding) {
  const std::string nth = std::to_string(finding.nth);
  const Digest digest = sha256({as_bytes("phantom check place v1\n"), as_bytes(finding.rule->id),
                                as_bytes("\n"), as_bytes(finding.path), as_bytes("\n"),
                                as_bytes(finding.name), as_bytes("\n"), as_bytes(nth)});
  return to_hex(ByteView(digest).first(16));
}

// GitHub's scale: 9 and more is critical, 7 high, 4 medium.
const char* security_severity(SecretSeverity severity) {
  switch (severity) {
    case SecretSeverity::kCritical:
      return "9.5";
    case SecretSeverity::kHigh:
      return "8.0";
    case SecretSeverity::kMedium:
      return "5.5";
  }
  return "8.0";
}

void write_text(Json& json, std::string_view name, std::string_view text) {
  json.key(name).begin().field("text", text).end();
}

void write_rule(Json& json, const SecretRule& rule) {
  const std::string what = std::string(rule.provider) + " " + std::string(rule.what);
  json.begin().field("id", "phantom.check." + std::string(rule.id));
  json.field("name", rule.id);
  write_text(json, "shortDescription", what);
  write_text(json, "fullDescription", what + " in a file of the repository.");
  json.key("defaultConfiguration").begin();
  json.field("level", rule.severity == SecretSeverity::kMedium ? "warning" : "error").end();
  write_text(json, "help",
             "Revoke it at the provider, make a new one, and keep that in the vault: "
             "'phantom add NAME'. Taking it out of the file alone leaves it in the history.");
  json.key("properties").begin().field("security-severity", security_severity(rule.severity));
  json.key("tags").begin_list().text("security").text("secret").end_list();
  json.field("source", rule.source).end().end();
}

void write_config_rule(Json& json, const std::string& id) {
  json.begin().field("id", "phantom.check." + id).field("name", id);
  write_text(json, "shortDescription", "where a project's secrets go: " + id);
  write_text(
      json, "fullDescription",
      "The configuration that is about to be committed sends secrets elsewhere, or somewhere "
      "odd.");
  json.key("defaultConfiguration").begin().field("level", "warning").end();
  write_text(json, "help",
             "'phantom config show' says where each secret goes, docs/guides/config.md "
             "what the rule is about.");
  json.end();
}

void write_config_result(Json& json, const ConfigProblem& problem, std::uint64_t rule_index) {
  json.begin().field("ruleId", "phantom.check." + problem.rule);
  json.field_number("ruleIndex", rule_index);
  json.field("level", problem.level == "refuse" ? "error" : "warning");
  write_text(json, "message", escape_terminal(problem.sentence));
  json.key("locations").begin_list().begin().key("physicalLocation").begin();
  json.key("artifactLocation").begin().field("uri", relative_uri(problem.path)).end();
  json.key("region").begin().field_number("startLine", problem.line).end();
  json.end().end().end_list().end();
}

void write_result(Json& json, const CheckFinding& finding, std::uint64_t rule_index) {
  json.begin().field("ruleId", "phantom.check." + std::string(finding.rule->id));
  json.field_number("ruleIndex", rule_index);
  json.field("level", finding.rule->severity == SecretSeverity::kMedium ? "warning" : "error");
  std::string message = what_of(finding) + " " + finding.masked;
  if (!finding.commit.empty()) message += ", since commit " + finding.commit.substr(0, 12);
  write_text(json, "message", escape_terminal(message));
  json.key("locations").begin_list().begin().key("physicalLocation").begin();
  json.key("artifactLocation").begin().field("uri", relative_uri(finding.path)).end();
  json.key("region").begin().field_number("startLine", finding.line);
  json.field_number("startColumn", finding.column).field_number("endColumn", finding.column_end);
  json.end().end().end().end_list();
  json.key("partialFingerprints").begin();
  json.field("phantomCheck/v1", fingerprint_of(finding)).end();
  if (!finding.commit.empty()) {
    json.key("properties").begin().field("commit", finding.commit).end();
  }
  json.end();
}

}  // namespace

std::string check_summary(const CheckResult& result) {
  std::set<std::string_view> files;
  for (const CheckFinding& finding : result.findings) files.insert(finding.path);
  std::string text;
  if (result.findings.empty()) {
    text = "no secrets found";
  } else {
    text = plural(result.findings.size(), "secret") + " in " + plural(files.size(), "file");
  }
  if (result.more) text = "more than " + text;
  text += "; " + plural(result.texts, "text") + " looked at";
  if (result.binary > 0) text += ", " + std::to_string(result.binary) + " of them binary";
  if (result.accepted > 0)
    text += "; " + std::to_string(result.accepted) + " known from the baseline";
  return text;
}

std::string check_to_text(const CheckResult& result) {
  std::string text;
  for (const ConfigProblem& problem : result.config) {
    text += escape_terminal(problem.path) + ":" + std::to_string(problem.line) +
            ":1: " + problem.rule + " (" + problem.level +
            "): " + escape_terminal(problem.sentence) + "\n";
  }
  for (const CheckFinding& finding : result.findings) {
    text += escape_terminal(finding.path) + ":" + std::to_string(finding.line) + ":" +
            std::to_string(finding.column) + ": " + std::string(finding.rule->id) + ": " +
            what_of(finding) + " " + finding.masked;
    if (!finding.name.empty()) text += " in " + escape_terminal(finding.name);
    if (!finding.commit.empty()) text += ", since commit " + finding.commit.substr(0, 12);
    text += "\n";
  }
  return text;
}

std::string check_to_json(const CheckResult& result, std::string_view scope) {
  Json json;
  json.begin().field_number("v", 1).field("scope", scope);
  json.key("findings").begin_list();
  for (const CheckFinding& finding : result.findings) {
    json.begin().field("rule", finding.rule->id).field("provider", finding.rule->provider);
    json.field("what", finding.rule->what).field("severity", severity_name(finding.rule->severity));
    json.field("path", finding.path).field_number("line", finding.line);
    json.field_number("column", finding.column).field("masked", finding.masked);
    json.field("name", finding.name).field("fingerprint", fingerprint_of(finding));
    json.key("commit");
    finding.commit.empty() ? json.null() : json.text(finding.commit);
    json.end();
  }
  json.end_list().key("config").begin_list();
  for (const ConfigProblem& problem : result.config) {
    json.begin().field("path", problem.path).field_number("line", problem.line);
    json.field("rule", problem.rule).field("level", problem.level);
    json.field("sentence", problem.sentence).end();
  }
  json.end_list().key("skipped").begin_list();
  for (const SkippedItem& skipped : result.skipped) {
    json.begin().field("path", skipped.path).field("reason", skipped.reason).end();
  }
  json.end_list().field_number("texts", result.texts).field_number("bytes", result.bytes);
  json.field_number("binary", result.binary).field_number("accepted", result.accepted);
  json.key("more").truth(result.more);
  return json.end().str() + "\n";
}

std::string check_to_sarif(const CheckResult& result, std::string_view scope) {
  // Rules that found something, each once, in the order of their first finding.
  std::map<const SecretRule*, std::uint64_t> numbers;
  std::vector<const SecretRule*> rules;
  for (const CheckFinding& finding : result.findings) {
    if (numbers.emplace(finding.rule, rules.size()).second) rules.push_back(finding.rule);
  }
  std::map<std::string, std::uint64_t> config_numbers;
  std::vector<std::string> config_rules;
  for (const ConfigProblem& problem : result.config) {
    if (config_numbers.emplace(problem.rule, rules.size() + config_rules.size()).second) {
      config_rules.push_back(problem.rule);
    }
  }
  Json json;
  json.begin().field("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
  json.field("version", "2.1.0").key("runs").begin_list().begin();
  json.key("tool").begin().key("driver").begin().field("name", "phantom");
  json.field("semanticVersion", PHANTOM_VERSION).key("rules").begin_list();
  for (const SecretRule* rule : rules) write_rule(json, *rule);
  for (const std::string& rule : config_rules) write_config_rule(json, rule);
  json.end_list().end().end();
  json.key("automationDetails").begin();
  json.field("id", "phantom-check-" + std::string(scope) + "/").end();
  json.field("columnKind", "unicodeCodePoints");
  json.key("invocations").begin_list().begin();
  json.key("executionSuccessful").truth(result.skipped.empty());
  json.end().end_list();
  json.key("results").begin_list();
  for (const CheckFinding& finding : result.findings) {
    write_result(json, finding, numbers[finding.rule]);
  }
  for (const ConfigProblem& problem : result.config) {
    write_config_result(json, problem, config_numbers[problem.rule]);
  }
  return json.end_list().end().end_list().end().str() + "\n";
}

}  // namespace phantom
