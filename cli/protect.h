#pragma once
// Values into the vault and their placeholders into dotenv files, as one step: both or neither.

#include "cli/dotenv_transaction.h"
#include "cli/vault_access.h"

#include <functional>
#include <string>
#include <vector>

namespace phantom {

struct Protection {
  std::string source;  // of the vault's change: init, add, import
  std::vector<VaultChange> changes;
  // What the files become; called once the vault has the placeholders. Must not change the vault.
  std::function<Result<std::vector<DotenvRewrite>>(const Vault&)> rewrites;
};

// The vault must be open. On an error the files are as they were and the vault has the values it
// had; kIndeterminate when that cannot be said, with what to do.
Status protect(VaultAccess& access, Protection protection);

}  // namespace phantom
