#pragma once
// Secrets as other programs write them out. One pure parser per program, each in its file
// import_<program>.cc with one line in import_formats.cc.

#include "events/result.h"
#include "vault/secret.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::size_t kImportBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kImportSecretsMax = 4'096;

struct ImportedSecret {
  std::string name;  // is_valid_key
  SecretBytes value;
  std::string label;  // what the file calls it, when that is no name; empty otherwise
};

struct ImportBatch {
  std::vector<ImportedSecret> secrets;  // sorted by name, each name once
  // What the file has and is not taken, by name: settings of the program itself, empty values.
  std::vector<std::string> skipped;
};

struct ImportFormat {
  std::string_view name;    // as in --from
  std::string_view source;  // how to get such a file
  // kInvalid: not what that program writes, with what to do. kConflict: two values for one name.
  // kUnsupported: encrypted, or without values. Errors never hold a value.
  Result<ImportBatch> (*parse)(std::string_view text) = nullptr;
};

std::span<const ImportFormat> import_formats();
const ImportFormat* find_import_format(std::string_view name);

// Takes what a parser found and holds it to the rules of the vault.
class ImportCollector {
 public:
  // A label that is no name becomes one: `API key` is API_KEY. kInvalid when nothing is left of it,
  // or for a value with a NUL byte, a placeholder, or one too large.
  Status add(std::string_view label, std::string_view value);
  void skip(std::string_view label);
  // kConflict when a name came twice with different values; kNotFound when there is nothing.
  Result<ImportBatch> finish() &&;

 private:
  ImportBatch batch_;
};

// The parsers; see import_formats.cc.
Result<ImportBatch> parse_dotenv_import(std::string_view text);
Result<ImportBatch> parse_doppler_import(std::string_view text);
Result<ImportBatch> parse_infisical_import(std::string_view text);
Result<ImportBatch> parse_dotenvx_import(std::string_view text);
Result<ImportBatch> parse_1password_import(std::string_view text);
Result<ImportBatch> parse_env_json_import(std::string_view text);

}  // namespace phantom
