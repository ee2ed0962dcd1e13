#include "vault/import_format.h"
#include "vault/secret_json.h"

namespace phantom {
namespace {

// What Doppler adds about itself.
bool is_about_doppler(std::string_view name) {
  return name == "DOPPLER_PROJECT" || name == "DOPPLER_CONFIG" || name == "DOPPLER_ENVIRONMENT";
}

}  // namespace

// Two shapes: NAME to text, as `secrets download` writes it, and NAME to an object with `computed`
// (references resolved) and `raw`, as `secrets --json` does. Restricted secrets come without
// either.
Result<ImportBatch> parse_doppler_import(std::string_view text) {
  PH_ASSIGN(const SecretJson json, parse_secret_json(text));
  if (!json.is(SecretJson::Kind::kObject)) {
    return Error{Code::kInvalid, "the file is not what Doppler writes",
                 "make it with 'doppler secrets download --no-file --format json'"};
  }
  ImportCollector collector;
  for (const auto& [name, value] : json.members) {
    if (is_about_doppler(name)) {
      collector.skip(name);
      continue;
    }
    if (value.is(SecretJson::Kind::kText)) {
      PH_TRY(collector.add(name, value.text));
      continue;
    }
    const SecretJson* computed = value.find("computed");
    if (computed == nullptr || !computed->is(SecretJson::Kind::kText)) {
      computed = value.find("raw");
    }
    if (computed == nullptr || !computed->is(SecretJson::Kind::kText)) {
      return Error{Code::kUnsupported, "the file has a secret without its value (restricted?)",
                   "download it with a service token, which may read it"};
    }
    PH_TRY(collector.add(name, computed->text));
  }
  return std::move(collector).finish();
}

}  // namespace phantom
