#pragma once
// How values on their way into a vault stand to those it has.

#include "vault/vault.h"

#include <string>
#include <vector>

namespace phantom {

enum class Standing {
  kNew,     // the vault has no secret of that name
  kSame,    // it has this very value
  kDiffers  // it has another one, or one whose time is over, which is not opened
};

struct IncomingSecret {
  std::string name;  // full
  SecretBytes value;
  std::int64_t expires_ns = 0;  // 0: never
};

// One for each, in order. Opens what it compares, which is recorded with `purpose`.
Result<std::vector<Standing>> standings(Vault& vault, const std::vector<IncomingSecret>& incoming,
                                        const std::string& purpose);

// Puts for what is not kSame.
std::vector<VaultChange> puts_for(const std::vector<IncomingSecret>& incoming,
                                  const std::vector<Standing>& standing);

}  // namespace phantom
