#include "vault/import_format.h"
#include "vault/secret_json.h"

namespace phantom {
namespace {

Status add_item(ImportCollector& collector, const SecretJson& item) {
  // The command line says key and value, the API secretKey and secretValue.
  const bool is_api = item.find("secretKey") != nullptr;
  const SecretJson* name = item.find(is_api ? "secretKey" : "key");
  const SecretJson* value = item.find(is_api ? "secretValue" : "value");
  if (name == nullptr || !name->is(SecretJson::Kind::kText) || value == nullptr ||
      !value->is(SecretJson::Kind::kText)) {
    return Error{Code::kInvalid, "the file has an entry without name and value",
                 "make it with 'infisical export --format=json'"};
  }
  return collector.add(name->text, value->text);
}

}  // namespace

// A list of entries, the API's answer around such a list, or a dotenv file: Infisical's default.
Result<ImportBatch> parse_infisical_import(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  const char first = start == std::string_view::npos ? 0 : text[start];
  if (first != '[' && first != '{') return parse_dotenv_import(text);
  PH_ASSIGN(const SecretJson json, parse_secret_json(text));
  const SecretJson* list = json.is(SecretJson::Kind::kObject) ? json.find("secrets") : &json;
  if (list == nullptr || !list->is(SecretJson::Kind::kList)) {
    return Error{Code::kInvalid, "the file is not what Infisical writes",
                 "make it with 'infisical export --format=json'"};
  }
  ImportCollector collector;
  for (const SecretJson& item : list->items) PH_TRY(add_item(collector, item));
  return std::move(collector).finish();
}

}  // namespace phantom
