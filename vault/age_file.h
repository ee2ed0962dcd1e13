#pragma once
// Files of age-encryption.org/v1 (C2SP age.md) that a passphrase opens: one scrypt recipient, then
// the payload in sealed pieces of 64 KiB. `age -d` opens what is written here and the reverse.
//
//   age-encryption.org/v1
//   -> scrypt SALT LOG_N          the file key, sealed under scrypt of the passphrase
//   BODY
//   --- MAC                       HMAC-SHA256 over the lines above, under the file key
//   nonce (16 bytes), pieces      ChaCha20-Poly1305, counter and last-piece flag in the nonce
//
// Pure but for memory: scrypt takes 2^LOG_N KiB. Base64 here has no padding and one form only.

#include "events/random.h"
#include "events/result.h"
#include "vault/secret.h"

namespace phantom {

// 18 is what the age program writes: 256 MiB and about a second.
inline constexpr unsigned kAgeLogNDefault = 18;
inline constexpr unsigned kAgeLogNMax = 20;
inline constexpr std::size_t kAgePlainBytesMax = 64 * 1024 * 1024;
// Header and seals add less than this to a payload of that size.
inline constexpr std::size_t kAgeFileBytesMax = kAgePlainBytesMax + 64 * 1024;

// kInvalid: no passphrase, or a cost beyond kAgeLogNMax. kLimit: too large, or no memory for it.
Result<Bytes> seal_age_file(const SecretBytes& plain, const SecretBytes& passphrase, unsigned log_n,
                            Random& random);

// kDenied: wrong passphrase. kUnsupported: sealed to keys, or a cost beyond kAgeLogNMax, which is
// refused before any work. kCorrupt: damaged. kInvalid: not an age file, or one in armour.
Result<SecretBytes> open_age_file(ByteView file, const SecretBytes& passphrase);

}  // namespace phantom
