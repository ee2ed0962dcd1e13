// The file of rules: TOML. Every key is known or an error, so that a rule with a typing mistake
// never passes for one that holds.

#include "cli/gate.h"
#include "events/encoding.h"
#include "events/sha256.h"
#include "proxy/toml_text.h"

#include <algorithm>
#include <map>

namespace phantom {
namespace {

constexpr std::size_t kFileBytesMax = 256 * 1024;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kMessageBytesMax = 500;
constexpr std::size_t kRulesMax = 256;

Error at_line(const toml::source_region& where, const std::string& text) {
  return Error{Code::kInvalid, "line " + std::to_string(where.begin.line) + ": " + text};
}

std::string in_quotes(std::string_view text) { return "\"" + escape_terminal(text) + "\""; }

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

// A type that may not exist yet: approvals come with a later version, and a rule may wait for them.
bool is_type_pattern(std::string_view text) {
  if (text.ends_with('*')) text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
  });
}

Result<std::string> text_of(std::string_view key, const toml::node& node) {
  const auto text = node.value_exact<std::string>();
  if (!text) return at_line(node.source(), in_quotes(key) + " is a text in quotes");
  return *text;
}

Result<std::uint64_t> number_of(std::string_view key, const toml::node& node) {
  const auto number = node.value_exact<std::int64_t>();
  if (!number || *number < 0) {
    return at_line(node.source(), in_quotes(key) + " is a number, 0 or more");
  }
  return static_cast<std::uint64_t>(*number);
}

// "> injected", ">= materialised".
Result<Exposure> exposure_of_text(const toml::node& node) {
  PH_ASSIGN(const std::string text, text_of("exposure", node));
  const bool above = text.starts_with("> ");
  const bool from = text.starts_with(">= ");
  const auto grade = above  ? find_exposure(text.substr(2))
                     : from ? find_exposure(text.substr(3))
                            : std::nullopt;
  if (!grade || (above && *grade == Exposure::kLeaked) || (from && *grade == Exposure::kNone)) {
    return at_line(node.source(),
                   "\"exposure\" is > or >= and one of metadata, injected, materialised, synced, "
                   "revealed, exported, echoed, leaked: \">= materialised\"");
  }
  return above ? static_cast<Exposure>(static_cast<int>(*grade) + 1) : *grade;
}

// Which keys each kind of rule takes beside name and message.
struct RuleForm {
  std::string_view table;
  GateKind kind;
  std::vector<std::string_view> keys;
};

const std::vector<RuleForm>& forms() {
  static const std::vector<RuleForm> all = {
      {"deny", GateKind::kDeny, {"type", "query", "exposure", "max"}},
      {"require", GateKind::kRequire, {"type", "query", "exposure", "caused_by"}},
      {"limit", GateKind::kOpenSessions, {"open_sessions"}},
  };
  return all;
}

Status read_key(std::string_view key, const toml::node& node, GateRule& rule) {
  if (key == "name") {
    PH_ASSIGN(rule.name, text_of(key, node));
    if (is_name(rule.name)) return {};
    return at_line(node.source(), "a name is 1 to 64 of a-z, 0-9 and -");
  }
  if (key == "message") {
    PH_ASSIGN(rule.message, text_of(key, node));
    if (rule.message.size() <= kMessageBytesMax) return {};
    return at_line(node.source(), "a message has at most 500 bytes");
  }
  if (key == "max" || key == "open_sessions") {
    PH_ASSIGN(rule.max, number_of(key, node));
    return {};
  }
  if (key == "exposure") {
    PH_ASSIGN(rule.at_least, exposure_of_text(node));
    return {};
  }
  PH_ASSIGN(const std::string text, text_of(key, node));
  if (key == "caused_by") {
    rule.caused_by = text;
    if (is_type_pattern(text)) return {};
    return at_line(node.source(), in_quotes(text) + " is no type of event");
  }
  if (key == "type") {
    rule.filter.types.push_back(text);
  } else {
    auto filter = parse_query(text);
    if (!filter.ok()) return at_line(node.source(), filter.error().message);
    rule.filter = *std::move(filter);
  }
  const Status known = check_filter(rule.filter);
  return known.ok() ? Status() : at_line(node.source(), known.error().message);
}

Result<GateRule> read_rule(const RuleForm& form, const toml::node& node) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return at_line(node.source(), "a rule is a table");
  GateRule rule;
  rule.kind = form.kind;
  const auto has = [&](std::string_view key) { return table->contains(key); };
  // Both set the filter, and one would win.
  if (has("type") && has("query")) {
    return at_line(node.source(), "\"query\" says the type itself: type=NAME");
  }
  for (const auto& [key, value] : *table) {
    const bool known = key == "name" || key == "message" ||
                       std::find(form.keys.begin(), form.keys.end(), key.str()) != form.keys.end();
    if (!known) {
      return at_line(key.source(), in_quotes(key.str()) + " is not a known key of [[" +
                                       std::string(form.table) + "]]");
    }
    PH_TRY(read_key(key.str(), value, rule));
  }
  if (rule.name.empty()) return at_line(node.source(), "the rule has no name");
  const bool about_events = has("type") || has("query") || has("exposure");
  if (form.kind != GateKind::kOpenSessions && !about_events) {
    return at_line(node.source(), "the rule says no \"type\", \"query\" or \"exposure\"");
  }
  if (form.kind == GateKind::kRequire && rule.caused_by.empty()) {
    return at_line(node.source(), "the rule says no \"caused_by\"");
  }
  if (form.kind == GateKind::kOpenSessions && !has("open_sessions")) {
    return at_line(node.source(), "the rule says no \"open_sessions\"");
  }
  return rule;
}

using Lines = std::map<toml::source_index, GateRule>;

Status add_rules(const RuleForm& form, const toml::node& node, Lines& rules_by_line) {
  const toml::array* rules = node.as_array();
  if (rules == nullptr) {
    return at_line(node.source(), "write [[" + std::string(form.table) + "]], a rule each");
  }
  for (const toml::node& each : *rules) {
    PH_ASSIGN(GateRule rule, read_rule(form, each));
    const bool taken = std::any_of(rules_by_line.begin(), rules_by_line.end(),
                                   [&](auto& other) { return other.second.name == rule.name; });
    if (taken) return at_line(each.source(), "a second rule of the name " + rule.name);
    if (rules_by_line.size() == kRulesMax) return at_line(each.source(), "more than 256 rules");
    const bool own_line = rules_by_line.emplace(each.source().begin.line, std::move(rule)).second;
    if (!own_line) return at_line(each.source(), "two rules on one line");
  }
  return {};
}

}  // namespace

Result<GatePolicy> parse_gate_policy(std::string_view text) {
  if (text.size() > kFileBytesMax) return Error{Code::kInvalid, "larger than 256 KiB"};
  PH_ASSIGN(const toml::parse_result parsed, parse_toml(text));
  if (!parsed) {
    return at_line(parsed.error().source(), std::string(parsed.error().description()));
  }
  GatePolicy policy;
  policy.digest = sha256(as_bytes(text));
  Lines rules_by_line;
  for (const auto& [key, node] : parsed.table()) {
    const auto form =
        std::find_if(forms().begin(), forms().end(),
                     [&, name = key.str()](auto& each) { return each.table == name; });
    if (form == forms().end()) {
      return at_line(key.source(), in_quotes(key.str()) + " is none of deny, require and limit");
    }
    PH_TRY(add_rules(*form, node, rules_by_line));
  }
  for (auto& [line, rule] : rules_by_line) policy.rules.push_back(std::move(rule));
  if (policy.rules.empty()) {
    return Error{Code::kInvalid, "no rule stands in it", "a gate without rules would always open"};
  }
  return policy;
}

}  // namespace phantom
