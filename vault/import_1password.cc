#include "vault/import_format.h"
#include "vault/secret_json.h"

#include <algorithm>

namespace phantom {
namespace {

// A field that is not hidden is taken when its label is written like a variable.
bool looks_like_variable(std::string_view label) {
  return !label.empty() && label[0] >= 'A' && label[0] <= 'Z' &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

Error without_values() {
  return {Code::kUnsupported, "the file has items without their fields or values",
          "make it with 'op item get ITEM --format json --reveal'"};
}

Status add_field(ImportCollector& collector, const SecretJson& field) {
  std::string_view label = field.text_of("label");
  if (label.empty()) label = field.text_of("id");
  if (label.empty()) return without_values();
  const SecretJson* value = field.find("value");
  const bool is_hidden = field.text_of("type") == "CONCEALED";
  if (!is_hidden && !looks_like_variable(label)) {
    collector.skip(label);
    return {};
  }
  if (value == nullptr) {
    collector.skip(label);
    return {};
  }
  if (!value->is(SecretJson::Kind::kText)) return without_values();
  return collector.add(label, value->text);
}

Status add_item(ImportCollector& collector, const SecretJson& item) {
  if (const SecretJson* fields = item.find("fields")) {
    if (!fields->is(SecretJson::Kind::kList)) return without_values();
    for (const SecretJson& field : fields->items) PH_TRY(add_field(collector, field));
    return {};
  }
  // What `op item list` writes: items without fields.
  if (item.find("title") != nullptr || item.find("type") == nullptr) return without_values();
  return add_field(collector, item);
}

}  // namespace

// One item, one field (`--fields` with one label), or a list of either.
Result<ImportBatch> parse_1password_import(std::string_view text) {
  PH_ASSIGN(const SecretJson json, parse_secret_json(text));
  ImportCollector collector;
  if (json.is(SecretJson::Kind::kList)) {
    for (const SecretJson& item : json.items) PH_TRY(add_item(collector, item));
  } else if (json.is(SecretJson::Kind::kObject)) {
    PH_TRY(add_item(collector, json));
  } else {
    return without_values();
  }
  return std::move(collector).finish();
}

}  // namespace phantom
