#include "events/sha256.h"

#include "events/check.h"

// The functions without providers: they read no configuration of OpenSSL's, cost nothing at start
// and bring no network code into phantom-verify.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace phantom {

Digest sha256(std::initializer_list<ByteView> parts) {
  SHA256_CTX context;
  bool good = SHA256_Init(&context) == 1;
  for (const ByteView part : parts) {
    good = good && SHA256_Update(&context, part.data(), part.size()) == 1;
  }
  Digest digest;
  good = good && SHA256_Final(digest.data(), &context) == 1;
  PH_CHECK(good, "SHA-256 failed");
  return digest;
}

}  // namespace phantom
