#pragma once
// SHA-256. OpenSSL's, because it uses the CPU's SHA instructions and libsodium's does not.

#include "events/types.h"

#include <initializer_list>

namespace phantom {

// Digest of the parts, one after the other. Safe from several threads.
Digest sha256(std::initializer_list<ByteView> parts);
inline Digest sha256(ByteView bytes) { return sha256({bytes}); }

}  // namespace phantom
