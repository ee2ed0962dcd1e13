#include "vault/dotenv.h"
#include "vault/import_format.h"
#include "vault/secret_json.h"

namespace phantom {
namespace {

constexpr std::string_view kEncrypted = "encrypted:";
constexpr std::string_view kPublicKey = "DOTENV_PUBLIC_KEY";
constexpr std::string_view kVault = "DOTENV_VAULT";

Error encrypted() {
  return {Code::kUnsupported, "the file is encrypted; phantom does not decrypt dotenvx files",
          "let dotenvx do it: 'dotenvx get > FILE', and import that"};
}

Status add_entry(ImportCollector& collector, std::string_view name, std::string_view value) {
  if (value.starts_with(kEncrypted) || name.starts_with(kVault)) return encrypted();
  if (name.starts_with(kPublicKey)) {
    collector.skip(name);
    return {};
  }
  return collector.add(name, value);
}

}  // namespace

// A JSON object of names and texts, as `dotenvx get` writes it, or a dotenv file in clear.
Result<ImportBatch> parse_dotenvx_import(std::string_view text) {
  ImportCollector collector;
  const std::size_t start = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (start != std::string_view::npos && text[start] == '{') {
    PH_ASSIGN(const SecretJson json, parse_secret_json(text));
    for (const auto& [name, value] : json.members) {
      if (!value.is(SecretJson::Kind::kText)) {
        return Error{Code::kInvalid, "the file is not what dotenvx writes",
                     "make it with 'dotenvx get'"};
      }
      PH_TRY(add_entry(collector, name, value.text));
    }
    return std::move(collector).finish();
  }
  PH_ASSIGN(const DotenvFile file, parse_dotenv(text));
  for (const DotenvEntry& entry : file.entries) {
    if (entry.overridden) continue;
    const SecretBytes value = dotenv_value(text, entry);
    PH_TRY(add_entry(collector, entry.key, value.text()));
  }
  return std::move(collector).finish();
}

}  // namespace phantom
