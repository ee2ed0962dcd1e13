#pragma once
// What an export of secrets holds inside its seal: one JSON object. docs/FORMAT-VAULT.md section
// "Exports". Pure.

#include "events/result.h"
#include "vault/secret.h"

#include <cstdint>
#include <string>
#include <vector>

namespace phantom {

struct ExportedSecret {
  std::string name;  // full
  std::uint64_t version = 0;
  std::int64_t created_ns = 0;
  std::int64_t changed_ns = 0;
  std::int64_t expires_ns = 0;  // 0: never
  SecretBytes value;
};

struct SecretsExport {
  std::string project;
  std::int64_t exported_ns = 0;
  std::vector<ExportedSecret> secrets;
};

// kLimit: more than an age file takes (vault/age_file.h).
Result<SecretBytes> encode_export(const SecretsExport& content);

// kInvalid: not an export. kUnsupported: a newer version. kCorrupt: names or values a vault cannot
// hold, or a name twice.
Result<SecretsExport> parse_export(std::string_view text);

}  // namespace phantom
