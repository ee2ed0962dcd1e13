#pragma once
// What several checks of `phantom doctor` look at.

#include "cli/doctor.h"
#include "vault/vault_file.h"
#include "vault/vault_history.h"

namespace phantom {

// The vault of the project here, as the record and the disk have it. Opens no value.
struct VaultFacts {
  VaultVerdict verdict = VaultVerdict::kAbsent;
  std::optional<LastChange> last;
  std::optional<VaultImage> image;  // of a file that the record vouches for
};
// Nothing when there is no project, no binding or no record to look at.
Result<std::optional<VaultFacts>> look_at_vault(const DoctorContext& context);

// Dotenv files of the directory itself, examples left out; in order of name.
std::vector<std::filesystem::path> project_dotenv_files(const DoctorContext& context);

// A dotenv entry that `phantom init` would move into the vault.
bool is_plain_secret(std::string_view key, std::string_view value);

// "A, B and 3 more", each once.
std::string some_of(std::vector<std::string> names);

}  // namespace phantom
