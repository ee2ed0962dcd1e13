#include "cli/check_baseline.h"

#include "cli/json.h"

#include <boost/json.hpp>

#include <algorithm>
#include <tuple>

namespace phantom {
namespace {

namespace json = boost::json;

constexpr std::size_t kSaltDigits = 32;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

Error not_a_baseline(const char* why) {
  return {Code::kInvalid, std::string("the baseline is not one of phantom check: ") + why,
          "make it anew: remove the file, then run 'phantom check --all --update-baseline'"};
}

auto place_of(const BaselineEntry& entry) {
  return std::tie(entry.path, entry.rule, entry.name, entry.nth, entry.value_tag);
}

}  // namespace

Result<Baseline> parse_baseline(std::string_view text) {
  boost::system::error_code code;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), code);
  if (code || !value.is_object()) return not_a_baseline("it is no JSON object");
  const json::object& object = value.get_object();
  const json::value* version = object.if_contains("v");
  if (version == nullptr || !version->is_int64() || version->get_int64() != 1) {
    return not_a_baseline("\"v\" is not 1");
  }
  Baseline baseline;
  baseline.salt = text_of(object, "salt");
  if (baseline.salt.size() != kSaltDigits) return not_a_baseline("\"salt\" is not 32 digits");
  const json::value* findings = object.if_contains("findings");
  if (findings == nullptr || !findings->is_array()) return not_a_baseline("no \"findings\"");
  for (const json::value& each : findings->get_array()) {
    if (!each.is_object()) return not_a_baseline("a finding is no object");
    const json::object& finding = each.get_object();
    BaselineEntry entry{text_of(finding, "rule"), text_of(finding, "path"),
                        text_of(finding, "name"), 0, text_of(finding, "value")};
    if (entry.rule.empty()) return not_a_baseline("a finding without a rule");
    if (const json::value* nth = finding.if_contains("nth"); nth != nullptr && nth->is_int64()) {
      entry.nth = static_cast<std::uint64_t>(nth->get_int64());
    }
    baseline.entries.push_back(std::move(entry));
  }
  return baseline;
}

std::string baseline_to_json(const Baseline& baseline) {
  // A finding a line, so that a review shows what was added.
  std::string text = "{\"v\":1,\"salt\":\"" + baseline.salt + "\",\"findings\":[";
  bool first = true;
  for (const BaselineEntry& entry : baseline.entries) {
    Json line;
    line.begin().field("rule", entry.rule).field("path", entry.path).field("name", entry.name);
    line.field_number("nth", entry.nth);
    if (!entry.value_tag.empty()) line.field("value", entry.value_tag);
    text += (first ? "\n " : ",\n ") + line.end().str();
    first = false;
  }
  return text + "\n]}\n";
}

bool is_known(const Baseline& baseline, const CheckFinding& finding) {
  return std::any_of(baseline.entries.begin(), baseline.entries.end(),
                     [&](const BaselineEntry& each) {
                       if (each.rule != finding.rule->id) return false;
                       if (!finding.value_tag.empty()) return each.value_tag == finding.value_tag;
                       return each.value_tag.empty() && each.path == finding.path &&
                              each.name == finding.name && each.nth == finding.nth;
                     });
}

void add_to_baseline(Baseline& baseline, const std::vector<CheckFinding>& findings) {
  for (const CheckFinding& finding : findings) {
    if (is_known(baseline, finding)) continue;
    baseline.entries.push_back({std::string(finding.rule->id), finding.path, finding.name,
                                finding.nth, finding.value_tag});
  }
  std::sort(
      baseline.entries.begin(), baseline.entries.end(),
      [](const BaselineEntry& a, const BaselineEntry& b) { return place_of(a) < place_of(b); });
}

}  // namespace phantom
