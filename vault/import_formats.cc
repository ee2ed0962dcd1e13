#include "vault/dotenv.h"
#include "vault/import_format.h"
#include "vault/placeholder.h"
#include "vault/vault_file.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

constexpr std::array kFormats = {
    ImportFormat{"dotenv", "a dotenv file", parse_dotenv_import},
    ImportFormat{"doppler", "doppler secrets download --no-file --format json",
                 parse_doppler_import},
    ImportFormat{"infisical", "infisical export --format=json", parse_infisical_import},
    ImportFormat{"dotenvx", "dotenvx get", parse_dotenvx_import},
    ImportFormat{"1password", "op item get ITEM --format json --reveal", parse_1password_import},
    ImportFormat{"env-json", "a JSON object of names and texts", parse_env_json_import},
};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The name for a label: upper case, everything but letters and digits as one `_`.
std::string name_for(std::string_view label) {
  std::string name;
  for (const char c : label) {
    if (is_name_character(c)) {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (name.ends_with('_')) name.pop_back();
  if (!name.empty() && name[0] >= '0' && name[0] <= '9') name.insert(0, 1, '_');
  return name;
}

}  // namespace

std::span<const ImportFormat> import_formats() { return kFormats; }

const ImportFormat* find_import_format(std::string_view name) {
  const auto place = std::find_if(kFormats.begin(), kFormats.end(),
                                  [name](const ImportFormat& each) { return each.name == name; });
  return place == kFormats.end() ? nullptr : &*place;
}

Status ImportCollector::add(std::string_view label, std::string_view value) {
  ImportedSecret secret;
  if (is_valid_key(label)) {
    secret.name = label;
  } else {
    secret.name = name_for(label);
    secret.label = label;
  }
  if (!is_valid_key(secret.name)) {
    return Error{Code::kInvalid,
                 "entry " + std::to_string(batch_.secrets.size() + 1) +
                     " of the file has a name that cannot be a secret's",
                 "rename it: letters, digits and '_', at most " + std::to_string(kKeyBytesMax)};
  }
  if (value.empty()) {
    skip(secret.name);
    return {};
  }
  if (value.find('\0') != std::string_view::npos) {
    return Error{Code::kInvalid, "the value of " + secret.name + " has a NUL byte in it"};
  }
  if (value.size() > kSecretValueBytesMax) {
    return Error{Code::kLimit, "the value of " + secret.name + " is too large for the vault"};
  }
  if (value.starts_with(kPlaceholderPrefix)) {
    return Error{Code::kInvalid, secret.name + " is a placeholder, not a secret",
                 "import from where the real value is"};
  }
  if (batch_.secrets.size() >= kImportSecretsMax) {
    return Error{Code::kLimit,
                 "the file has more than " + std::to_string(kImportSecretsMax) + " secrets"};
  }
  secret.value = SecretBytes::copy_of(value);
  batch_.secrets.push_back(std::move(secret));
  return {};
}

void ImportCollector::skip(std::string_view label) { batch_.skipped.emplace_back(label); }

Result<ImportBatch> ImportCollector::finish() && {
  std::vector<ImportedSecret>& secrets = batch_.secrets;
  std::stable_sort(secrets.begin(), secrets.end(),
                   [](const auto& a, const auto& b) { return a.name < b.name; });
  for (std::size_t i = 1; i < secrets.size();) {
    if (secrets[i].name != secrets[i - 1].name) {
      ++i;
    } else if (secrets[i].value.equals(secrets[i - 1].value)) {
      secrets.erase(secrets.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      return Error{Code::kConflict, "the file has two values for " + secrets[i].name,
                   "take one of them out"};
    }
  }
  if (secrets.empty()) {
    return Error{Code::kNotFound, "the file has no secret that can be imported"};
  }
  return std::move(batch_);
}

}  // namespace phantom
