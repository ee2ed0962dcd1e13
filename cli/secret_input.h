#pragma once
// Secret values on their way in.

#include "vault/secret.h"

namespace phantom {

// All of standard input without one line break at its end. kLimit when it is too long.
Result<SecretBytes> read_secret_from_stdin();

// kInvalid for what cannot be a secret: nothing, a NUL byte, a placeholder.
Status check_secret_value(const SecretBytes& value);

}  // namespace phantom
