#include "vault/import_format.h"
#include "vault/secret_json.h"

namespace phantom {

// {"NAME": "value", ...}. Numbers and truth values are refused: what text they stand for is a
// guess.
Result<ImportBatch> parse_env_json_import(std::string_view text) {
  PH_ASSIGN(const SecretJson json, parse_secret_json(text));
  if (!json.is(SecretJson::Kind::kObject)) {
    return Error{Code::kInvalid, "the file is not a JSON object of names and texts"};
  }
  ImportCollector collector;
  for (const auto& [name, value] : json.members) {
    if (!value.is(SecretJson::Kind::kText)) {
      return Error{Code::kInvalid,
                   "the value of entry " + std::to_string(&value - &json.members[0].second + 1) +
                       " is no text",
                   "put it in quotes"};
    }
    PH_TRY(collector.add(name, value.text));
  }
  return std::move(collector).finish();
}

}  // namespace phantom
