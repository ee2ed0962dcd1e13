#include "vault/dotenv.h"
#include "vault/import_format.h"

namespace phantom {

// Every entry that counts, secret-looking or not: who names a file for import means its content.
// Placeholders and what another entry overrides are left out.
Result<ImportBatch> parse_dotenv_import(std::string_view text) {
  PH_ASSIGN(const DotenvFile file, parse_dotenv(text));
  if (!file.other_lines.empty()) {
    return Error{
        Code::kInvalid,
        "line " + std::to_string(file.other_lines.front()) + " is neither NAME=value nor a comment",
        "correct the line, or take it out"};
  }
  ImportCollector collector;
  for (const DotenvEntry& entry : file.entries) {
    if (entry.overridden) continue;
    const SecretBytes value = dotenv_value(text, entry);
    PH_TRY(collector.add(entry.key, value.text()));
  }
  return std::move(collector).finish();
}

}  // namespace phantom
