#pragma once
// Ways to open a vault as people name them.

#include "vault/vault_seal.h"

#include <string_view>

namespace phantom {

// passphrase, key-file or secret-service.
const char* unlock_word(UnlockMethod method);
// kInvalid for other words.
Result<UnlockMethod> parse_unlock_word(std::string_view word);

}  // namespace phantom
